package match

// Packs used as they lie in a file: mapped, so that their pages are shared by
// all processes of a board and can be given up when memory is short.

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"

	"trawl/edge/files"
)

// OpenMapped opens the pack in the file path, with the errors of [Open], and
// uses it as it lies. The file must stay as it is until Close: in one that is
// overwritten scans find anything, and one that is cut short makes them fault.
// A file can be replaced, by renaming another over it, and removed.
//
// A fault, of a file cut short or a disk that cannot be read, ends the program,
// unless the goroutine has set [debug.SetPanicOnFault]: then it is a panic,
// which [Pack.IsFault] knows.
//
// Where files cannot be mapped this is Open.
func OpenMapped(path string) (*Pack, error) {
	f, _, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Map(f)
}

// Map is [OpenMapped] for a file that is open already. It can be closed
// afterwards.
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

// loadMapped is Load, with a fault as an error.
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

// IsFault says whether v, with which a scan panicked, means that the file
// behind a mapped pack has been cut short or cannot be read any more. Such a
// pack is to be opened anew.
func (p *Pack) IsFault(v any) bool { return isFault(v, p.mapped) }

func isFault(v any, data []byte) bool {
	if _, ok := v.(runtime.Error); !ok || len(data) == 0 {
		return false
	}
	if fault, ok := v.(interface{ Addr() uintptr }); ok {
		first := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
		return first <= fault.Addr() && fault.Addr()-first < uintptr(len(data))
	}
	// Where it was is not known everywhere (emulated ARM): so look.
	return !readable(data)
}

// readable says whether each page of a map can be read.
func readable(data []byte) (ok bool) {
	const page = 4096 // or a part of one
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { ok = recover() == nil }()
	sum := byte(0)
	for i := 0; i < len(data); i += page {
		sum += data[i]
	}
	runtime.KeepAlive(sum) // it has to be read
	return true
}

// Close gives the pack's memory back. No scan may be running, and none may
// follow; what the pack gave out as a view (ids, the results of MatchID) is void,
// copies (Info, Hash, Meta) are not. A scratch can go on with another pack. A
// pack that is not mapped needs no Close. Close can be called twice.
func (p *Pack) Close() error {
	data := p.mapped
	p.mapped = nil
	if data == nil {
		return nil
	}
	return unmapFile(data)
}
