package follow

// State over restarts: folders, locks, and files of slots.

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/renameio/v2"

	"trawl/edge/files"
)

// State is the two folders of one watcher, locked against a second watcher. Positions are
// written to the first, on a tmpfs, after every batch. They are copied to the second when a
// file was rotated, and by Close. After a crash the first folder has them, after a reboot
// the second. Its methods may be called by several goroutines.
type State struct {
	run, folder string
	locks       []*os.File
	boot        [16]byte

	mu    sync.Mutex
	open  map[string]*stateFile // by name in the folders
	saved time.Time             // when changes were last copied to folder
}

// ErrLocked is behind the error for a state that another process uses.
var ErrLocked = errors.New("another trawl watch uses this state")

// OpenState makes missing folders and locks both. run may be "": then
// positions are written to folder after every batch.
func OpenState(run, folder string) (*State, error) {
	s := &State{run: run, folder: folder, boot: bootID(), open: make(map[string]*stateFile)}
	if filepath.Clean(run) == filepath.Clean(folder) {
		s.run = ""
	}
	for _, f := range []string{s.run, s.folder} {
		if f == "" {
			continue
		}
		if err := s.lock(f); err != nil {
			s.unlock()
			return nil, err
		}
	}
	return s, nil
}

func (s *State) lock(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("no folder for the positions of trawl watch: %w; name another one with --state", err)
	}
	f, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("the positions of trawl watch cannot be kept: %w; name another folder with --state", err)
	}
	s.locks = append(s.locks, f)
	if !lockFile(f) {
		return fmt.Errorf("%w: %s; end it, or give this one a folder of its own with --state", ErrLocked, folder)
	}
	return nil
}

func (s *State) unlock() {
	for _, f := range s.locks {
		f.Close()
	}
	s.locks = nil
}

// Close marks the end as clean, copies changes to the folder and unlocks the folders.
// Followers must have ended, and batches that are acknowledged later are forgotten.
func (s *State) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, f := range s.open {
		f.head.ended, f.head.doubtful = true, f.isOpen != nil && f.isOpen()
		errs = append(errs, f.writeHead(), s.copyLocked(f))
		f.file.Close()
	}
	clear(s.open)
	s.unlock()
	return errors.Join(errs...)
}

// saveEvery is the least time between two copies to the folder.
const saveEvery = 10 * time.Second

// save copies changes to the folder, unless the last copy was less than saveEvery ago;
// then ok is false.
func (s *State) save(now time.Time) (ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.saved.IsZero() && now.Sub(s.saved) < saveEvery {
		return false, nil
	}
	s.saved = now
	var errs []error
	for _, f := range s.open {
		errs = append(errs, s.copyLocked(f))
	}
	return true, errors.Join(errs...)
}

// copyLocked copies a file of the run folder to the other folder if it was changed. s.mu
// must be held.
func (s *State) copyLocked(f *stateFile) error {
	if s.run == "" {
		return nil
	}
	data, err := f.takeChanged()
	if err != nil || data == nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(s.folder, f.name), data, 0o600)
}

// stateFile is a file of slots. Slot 0 has its head.
type stateFile struct {
	*slots
	name   string
	head   head
	values []slotValue // as they were when the file was opened, without the head
	stored bool        // there was a file
	// exact: the values are those of the moment in which the process before ended. They are
	// older after a pulled plug.
	exact   bool
	clean   bool // the process before ended by Close, and no record comes again
	damaged int
	// isOpen tells whether records may come again after a restart; nil: none can.
	isOpen func() bool
}

// head says who wrote a file.
type head struct {
	ended    bool      // by Close
	doubtful bool      // records that were handed over may come again
	starts   uint32    // how often the file was opened, to tell the newer of two
	boot     [16]byte  // hash of the boot's id
	seen     [][8]byte // hashes of the patterns that were followed
}

const (
	headKind  = 2
	headFixed = 24
	// maxPatterns of a source fit into the head.
	maxPatterns = (maxValue - headFixed) / 8
)

func (f *stateFile) writeHead() error {
	b := make([]byte, headFixed, maxValue)
	b[0] = headKind
	if f.head.ended {
		b[1] = 1
	}
	if f.head.doubtful {
		b[1] |= 2
	}
	binary.LittleEndian.PutUint16(b[2:], uint16(len(f.head.seen)))
	binary.LittleEndian.PutUint32(b[4:], f.head.starts)
	copy(b[8:], f.head.boot[:])
	for _, s := range f.head.seen {
		b = append(b, s[:]...)
	}
	return f.write(0, b)
}

func parseHead(b []byte) (h head, ok bool) {
	if len(b) < headFixed || b[0] != headKind || b[1] > 3 {
		return head{}, false
	}
	h = head{ended: b[1]&1 != 0, doubtful: b[1]&2 != 0, starts: binary.LittleEndian.Uint32(b[4:]), boot: [16]byte(b[8:24])}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	if len(b) != headFixed+8*n {
		return head{}, false
	}
	for i := range n {
		h.seen = append(h.seen, [8]byte(b[headFixed+8*i:]))
	}
	return h, true
}

// openFile opens a file of slots in the run folder, after it was copied there from the
// other folder if that one is newer.
func (s *State) openFile(name string) (*stateFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locks == nil {
		return nil, errors.New("the state is closed")
	}
	if s.open[name] != nil {
		return nil, fmt.Errorf("%s is in use: two sources have one name", name)
	}
	kept, keptData, err := readState(filepath.Join(s.folder, name))
	if err != nil {
		return nil, err
	}
	path, last := filepath.Join(s.folder, name), kept
	if s.run != "" {
		path = filepath.Join(s.run, name)
		running, _, err := readState(path)
		if err != nil {
			return nil, err
		}
		last = running
		if kept.stored && (!running.stored || kept.head.starts > running.head.starts) {
			last = kept
			if err := renameio.WriteFile(path, keptData, 0o600); err != nil {
				return nil, err
			}
		}
	}
	f := last
	f.name = name
	if f.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, err
	}
	f.clean = f.head.ended && !f.head.doubtful
	f.exact = !f.stored || f.head.ended || f.head.boot == s.boot && (f != kept || s.run == "")
	f.head.ended, f.head.boot, f.head.starts = false, s.boot, f.head.starts+1
	err = f.writeHead()
	if err == nil && kept.stored {
		err = s.copyLocked(f) // after a crash nobody must believe in a clean end
	}
	if err != nil {
		f.file.Close()
		return nil, err
	}
	s.open[name] = f
	return f, nil
}

// readState reads a file of slots; a file that is missing or has no head counts as empty.
func readState(path string) (*stateFile, []byte, error) {
	f := &stateFile{slots: new(slots)}
	data, err := files.Read(path, maxSlots*2*copySize)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the positions of trawl watch cannot be read: %w; move the file away, and all files count as new", err)
	}
	f.values, f.writes, f.damaged = parseSlots(data)
	if len(f.values) > 0 && f.values[0].slot == 0 {
		if f.head, f.stored = parseHead(f.values[0].value); f.stored {
			f.values = f.values[1:]
		}
	}
	if !f.stored {
		f.values = nil
		f.damaged = min(len(bytes.Trim(data, "\x00")), 1)
	}
	return f, data, nil
}

// hashName is what the head keeps of a pattern.
func hashName(name string) [8]byte {
	sum := sha256.Sum256([]byte(name))
	return [8]byte(sum[:])
}

// checkName refuses what is no good as the name of a file.
func checkName(name string) error {
	ok := name != "" && len(name) <= 64 && name[0] != '.'
	for i := range len(name) {
		c := name[i]
		ok = ok && (c == '-' || c == '_' || c == '.' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z')
	}
	if !ok {
		return fmt.Errorf("the name %q has other characters than letters, digits, '.', '-' and '_', or more than 64, or begins with '.'", name)
	}
	return nil
}
