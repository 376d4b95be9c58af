package match

// Packs mapped from a file: all processes of a board share their pages, and the system can give the
// pages up when memory is short.

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"

	"trawl/edge/files"
)

// OpenMapped opens the pack in the file path, with the errors of [Open], and maps the file. The
// file must not change until Close: scans find anything in a file that is overwritten, and fault in
// a file cut short. A file may be removed, or replaced by renaming another file over it.
//
// A fault, of a file cut short or of a disk that cannot be read, ends the program unless the
// goroutine has set [debug.SetPanicOnFault]. In such goroutines a fault is a panic, which
// [Pack.IsFault] knows.
//
// Where files cannot be mapped, OpenMapped is Open.
func OpenMapped(path string) (*Pack, error) {
	f, _, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Map(f)
}

// Map is [OpenMapped] for a file that is open already. The file can be closed afterwards.
func Map(f *os.File) (*Pack, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := checkHeaderOf(f, info.Size()); err != nil {
		return nil, err
	}
	data, err := mapFile(f, int(info.Size()))
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", f.Name(), err)
	}
	p, err := loadMapped(data)
	if err != nil {
		unmapFile(data)
	}
	return named(f.Name())(p, err)
}

// loadMapped is Load with faults turned into errors.
func loadMapped(data []byte) (p *Pack, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		v := recover()
		switch {
		case v == nil:
		case isFault(v, data):
			p, err = nil, fmt.Errorf("%w (the file was cut short, or its disk cannot be read)", ErrDamaged)
		default:
			panic(v)
		}
	}()
	p, err = Load(data)
	if err == nil {
		p.mapped = data
	}
	return p, err
}

// IsFault says whether v, the value of a panic in a scan, means that the file of a mapped pack has
// been cut short or cannot be read any more. The pack then has to be opened again.
func (p *Pack) IsFault(v any) bool { return isFault(v, p.mapped) }

func isFault(v any, data []byte) bool {
	if _, ok := v.(runtime.Error); !ok || len(data) == 0 {
		return false
	}
	if fault, ok := v.(interface{ Addr() uintptr }); ok {
		first := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
		return first <= fault.Addr() && fault.Addr()-first < uintptr(len(data))
	}
	// The address of a fault is not known everywhere (emulated ARM), so look at the pages.
	return !readable(data)
}

// readable says whether each page of a map can be read.
func readable(data []byte) (ok bool) {
	const page = 4096 // or a part of a page
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { ok = recover() == nil }()
	sum := byte(0)
	for i := 0; i < len(data); i += page {
		sum += data[i]
	}
	runtime.KeepAlive(sum) // so that the pages have to be read
	return true
}

// Close gives the memory of the pack back. No scan may be running, and none may follow. Views of
// the pack (ids, results of MatchID) are void afterwards; copies (Info, Hash, Meta) stay valid. A
// scratch can go on with another pack. A pack in memory needs no Close. Close can be called twice.
func (p *Pack) Close() error {
	data := p.mapped
	p.mapped = nil
	if data == nil {
		return nil
	}
	return unmapFile(data)
}
