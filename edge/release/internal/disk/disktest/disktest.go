// Package disktest has a file system in memory for tests of what a power cut, a full card
// or a broken one does to a store.
//
//	d := disktest.New()
//	d.FailAt(17, disktest.ErrPowerCut) // the 17th change does not happen, nor does anything after it
//	store(d)
//	after := d.Crash(random)           // what may be on the disk when the board boots again
//
// What was not synced may be there or not, each name and each block by itself: more than
// any journalling file system allows itself, so that no store relies on one.
package disktest

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"trawl/edge/release/internal/disk"
)

// Failures for FailAt. After ErrPowerCut nothing works; the others come once.
var (
	ErrPowerCut = errors.New("the power is cut")
	ErrFull     = &fs.PathError{Op: "write", Path: "disktest", Err: syscall.ENOSPC}
	ErrBroken   = &fs.PathError{Op: "write", Path: "disktest", Err: syscall.EIO}
)

// FS is a file system in memory. It is safe for concurrent use.
type FS struct {
	mu      sync.Mutex
	folders map[string]*folder
	changes int // so far
	failAt  int // at which change; 0: none
	failure error
	dead    bool
	locks   map[string]bool
	written int64 // bytes
}

type folder struct {
	now map[string]*inode
	// was has, for each name that has changed since the folder was synced, all it stood for
	// since then; nil in the list: nothing.
	was map[string][]*inode
}

type inode struct{ data, synced []byte }

// New returns an empty file system with the folder /.
func New() *FS {
	return &FS{folders: map[string]*folder{"/": newFolder()}, locks: map[string]bool{}}
}

func newFolder() *folder { return &folder{map[string]*inode{}, map[string][]*inode{}} }

// FailAt makes a change fail, counted from now on: the first is 1. 0: none fails.
func (d *FS) FailAt(change int, failure error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failAt, d.failure = 0, failure
	if change > 0 {
		d.failAt = d.changes + change
	}
}

// Changes is how many changes there were: each can be stopped by FailAt.
func (d *FS) Changes() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changes
}

// Written is how many bytes were written to files.
func (d *FS) Written() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.written
}

// change counts a change; the error is why the change does not happen.
func (d *FS) changeLocked() error {
	if d.dead {
		return ErrPowerCut
	}
	d.changes++
	if d.changes == d.failAt {
		d.dead = errors.Is(d.failure, ErrPowerCut)
		return d.failure
	}
	return nil
}

// Crash returns what the disk may hold after a power cut at this moment.
func (d *FS) Crash(random *rand.Rand) *FS {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := New()
	copies := map[*inode]*inode{}
	survivor := func(n *inode) *inode {
		if copies[n] == nil {
			data := n.survives(random)
			copies[n] = &inode{data, slices.Clone(data)}
		}
		return copies[n]
	}
	for _, path := range sortedKeys(d.folders) {
		f, left := d.folders[path], newFolder()
		after.folders[path] = left
		names := map[string]bool{}
		for name := range f.now {
			names[name] = true
		}
		for name := range f.was {
			names[name] = true
		}
		for _, name := range sortedKeys(names) {
			states := append(slices.Clone(f.was[name]), f.now[name])
			if n := states[random.IntN(len(states))]; n != nil {
				left.now[name] = survivor(n)
			}
		}
	}
	return after
}

// survives returns what of a file is on the disk: what was synced, or, in blocks, any of
// what was synced, what was written since, and zeros.
func (n *inode) survives(random *rand.Rand) []byte {
	if slices.Equal(n.data, n.synced) {
		return slices.Clone(n.synced)
	}
	const block = 512
	least, most := min(len(n.data), len(n.synced)), max(len(n.data), len(n.synced))
	size := []int{least, most, least + random.IntN(most-least+1)}[random.IntN(3)]
	data := make([]byte, size)
	copy(data, n.synced)
	for at := 0; at < size; at += block {
		end := min(at+block, size)
		if random.IntN(3) > 0 && at < len(n.data) {
			copy(data[at:end], n.data[at:])
		}
	}
	return data
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func missing(path string) error { return &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist} }

// set makes a name of a folder stand for a file, or for nothing.
func (f *folder) set(name string, n *inode) {
	f.was[name] = append(f.was[name], f.now[name])
	if n == nil {
		delete(f.now, name)
	} else {
		f.now[name] = n
	}
}

func (d *FS) findLocked(path string) (*folder, string, *inode) {
	f := d.folders[filepath.Dir(path)]
	if f == nil {
		return nil, "", nil
	}
	name := filepath.Base(path)
	return f, name, f.now[name]
}

func (d *FS) Open(path string) (disk.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return nil, ErrPowerCut
	}
	_, _, n := d.findLocked(path)
	if n == nil {
		return nil, missing(path)
	}
	return &file{fs: d, inode: n}, nil
}

func (d *FS) Create(path string) (disk.File, error) { return d.make(path, true) }
func (d *FS) Extend(path string) (disk.File, error) { return d.make(path, false) }

func (d *FS) make(path string, empty bool) (disk.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.changeLocked(); err != nil {
		return nil, err
	}
	f, name, n := d.findLocked(path)
	if f == nil {
		return nil, missing(path)
	}
	if n == nil {
		n = &inode{}
		f.set(name, n)
	}
	if empty {
		n.data = nil
	}
	return &file{fs: d, inode: n}, nil
}

func (d *FS) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.changeLocked(); err != nil {
		return err
	}
	f, name, n := d.findLocked(from)
	t, toName, _ := d.findLocked(to)
	if n == nil || t == nil {
		return missing(from)
	}
	f.set(name, nil)
	t.set(toName, n)
	return nil
}

func (d *FS) Remove(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.changeLocked(); err != nil {
		return err
	}
	f, name, n := d.findLocked(path)
	if n == nil {
		return missing(path)
	}
	f.set(name, nil)
	return nil
}

func (d *FS) List(path string) ([]disk.Entry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return nil, ErrPowerCut
	}
	var list []disk.Entry
	if f := d.folders[path]; f != nil {
		for _, name := range sortedKeys(f.now) {
			list = append(list, disk.Entry{Name: name, Size: int64(len(f.now[name].data))})
		}
	}
	for _, other := range sortedKeys(d.folders) {
		if other != "/" && filepath.Dir(other) == path {
			list = append(list, disk.Entry{Name: filepath.Base(other), Folder: true})
		}
	}
	return list, nil
}

func (d *FS) MakeFolder(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.folders[path] != nil {
		return nil
	}
	if err := d.changeLocked(); err != nil {
		return err
	}
	for ; d.folders[path] == nil; path = filepath.Dir(path) {
		d.folders[path] = newFolder()
	}
	return nil
}

func (d *FS) SyncFolder(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.changeLocked(); err != nil {
		return err
	}
	f := d.folders[path]
	if f == nil {
		return missing(path)
	}
	clear(f.was)
	return nil
}

func (d *FS) TryLock(path string) (unlock func(), ok bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return nil, false, ErrPowerCut
	}
	if d.locks[path] {
		return nil, false, nil
	}
	d.locks[path] = true
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.locks, path)
	}, true, nil
}

// Flip changes a bit of a file, as a failing card does; false: there is no such file.
func (d *FS) Flip(path string, bit int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, _, n := d.findLocked(path)
	if n == nil || len(n.data) == 0 {
		return false
	}
	n.data = slices.Clone(n.data)
	n.data[bit/8%len(n.data)] ^= 1 << (bit % 8)
	n.synced = slices.Clone(n.data)
	return true
}

// Files are the paths of all files.
func (d *FS) Files() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for path, f := range d.folders {
		for name := range f.now {
			all = append(all, filepath.Join(path, name))
		}
	}
	slices.Sort(all)
	return all
}

type file struct {
	fs    *FS
	inode *inode
	at    int64
}

func (f *file) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.at)
	f.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *file) ReadAt(p []byte, at int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.dead {
		return 0, ErrPowerCut
	}
	if at >= int64(len(f.inode.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.inode.data[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Write writes all of p, or fails and has written half.
func (f *file) Write(p []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	err := f.fs.changeLocked()
	if err != nil {
		if f.fs.dead && f.fs.changes != f.fs.failAt {
			return 0, err
		}
		p = p[:len(p)/2]
	}
	end := f.at + int64(len(p))
	data := slices.Clone(f.inode.data)
	if int64(len(data)) < end {
		data = append(data, make([]byte, end-int64(len(data)))...)
	}
	copy(data[f.at:], p)
	f.inode.data, f.at = data, end
	f.fs.written += int64(len(p))
	return len(p), err
}

func (f *file) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.dead {
		return 0, ErrPowerCut
	}
	return int64(len(f.inode.data)), nil
}

func (f *file) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.changeLocked(); err != nil {
		return err
	}
	data := make([]byte, size)
	copy(data, f.inode.data)
	f.inode.data, f.at = data, size
	return nil
}

func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.changeLocked(); err != nil {
		return err
	}
	f.inode.synced = slices.Clone(f.inode.data)
	return nil
}

func (f *file) Close() error { return nil }
