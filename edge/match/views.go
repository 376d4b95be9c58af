package match

// Sections seen as slices of numbers, without copying where that is possible.

import (
	"encoding/binary"
	"unsafe"
)

// littleEndian says whether this machine keeps numbers as packs do. All that
// the project builds for do.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// viewUint64s sees b, whose length is a multiple of 8, as numbers.
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

// viewUint32s sees b, whose length is a multiple of 4, as numbers.
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

// viewString sees b as a string; b must not change.
func viewString(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}
