package match

// Memory seen in another way: sections as slices of numbers, and loads without bounds checks.

import (
	"encoding/binary"
	"unsafe"
)

// littleEndian says whether this machine keeps numbers as packs do. All machines that the project
// builds for do.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// viewUint64s returns b, whose length is a multiple of 8, as numbers: a view where the machine
// allows one, else a copy.
func viewUint64s(b []byte) []uint64 {
	if len(b) == 0 {
		return nil
	}
	first := unsafe.Pointer(unsafe.SliceData(b))
	if littleEndian && uintptr(first)%8 == 0 {
		return unsafe.Slice((*uint64)(first), len(b)/8)
	}
	values := make([]uint64, len(b)/8)
	for i := range values {
		values[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return values
}

// viewUint32s returns b, whose length is a multiple of 4, as numbers: a view or a copy.
func viewUint32s(b []byte) []uint32 {
	if len(b) == 0 {
		return nil
	}
	first := unsafe.Pointer(unsafe.SliceData(b))
	if littleEndian && uintptr(first)%4 == 0 {
		return unsafe.Slice((*uint32)(first), len(b)/4)
	}
	values := make([]uint32, len(b)/4)
	for i := range values {
		values[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return values
}

// viewString returns b as a string. b must not change.
func viewString(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// unchecked is the beginning of a slice read without bounds checks: in the loops of lanes and
// prefilters, where the checks cost 5 to 20 % of the time. Two rules make unchecked reads safe: a
// text is read between the ends of the lanes only, and every number in a table or cell that a loop
// follows was compared with the size of the target when the pack was loaded.
type unchecked struct{ first unsafe.Pointer }

func uncheckedBytes(b []byte) unchecked { return unchecked{unsafe.Pointer(unsafe.SliceData(b))} }
func unchecked32s(values []uint32) unchecked {
	return unchecked{unsafe.Pointer(unsafe.SliceData(values))}
}

func unchecked64s(values []uint64) unchecked {
	return unchecked{unsafe.Pointer(unsafe.SliceData(values))}
}

// after is the beginning of the bytes from i on.
func (u unchecked) after(i int) unchecked { return unchecked{unsafe.Add(u.first, i)} }

// eight reads the eight bytes from i on. The address need not be aligned: ARMv6 and later allow
// that.
func (u unchecked) eight(i int) uint64 { return *(*uint64)(unsafe.Add(u.first, i)) }

// four reads the four bytes from i on.
func (u unchecked) four(i int) uint32 { return *(*uint32)(unsafe.Add(u.first, i)) }

func (u unchecked) byte(i int) byte        { return *(*byte)(unsafe.Add(u.first, i)) }
func (u unchecked) uint32(i uint32) uint32 { return *(*uint32)(unsafe.Add(u.first, 4*uintptr(i))) }
func (u unchecked) uint64(i uint32) uint64 { return *(*uint64)(unsafe.Add(u.first, 8*uintptr(i))) }
