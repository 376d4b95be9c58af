package match

// Loads without bounds checks, for the loops of lanes alone: there they cost 5 to
// 20 % of the time. What makes them safe: a text is read between the ends of its
// lanes, and every number in a table or slot that such a loop follows was compared with the size
// of what it leads into when the pack was loaded (loadautomaton.go, loadtables.go).

import "unsafe"

// unchecked is where a slice or text begins.
type unchecked struct{ first unsafe.Pointer }

func uncheckedBytes(b []byte) unchecked { return unchecked{unsafe.Pointer(unsafe.SliceData(b))} }
func unchecked32s(values []uint32) unchecked {
	return unchecked{unsafe.Pointer(unsafe.SliceData(values))}
}

func unchecked64s(values []uint64) unchecked {
	return unchecked{unsafe.Pointer(unsafe.SliceData(values))}
}

// after is where the slice from i on begins, of bytes.
func (u unchecked) after(i int) unchecked { return unchecked{unsafe.Add(u.first, i)} }

// eight are the bytes from i on, at whatever address: ARMv6 and later can read them there.
func (u unchecked) eight(i int) uint64 { return *(*uint64)(unsafe.Add(u.first, i)) }

func (u unchecked) byte(i int) byte        { return *(*byte)(unsafe.Add(u.first, i)) }
func (u unchecked) uint32(i uint32) uint32 { return *(*uint32)(unsafe.Add(u.first, 4*uintptr(i))) }
func (u unchecked) uint64(i uint32) uint64 { return *(*uint64)(unsafe.Add(u.first, 8*uintptr(i))) }
