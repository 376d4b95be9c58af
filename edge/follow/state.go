package follow

// What survives a restart.

import "errors"

// State is the two folders of one watcher, locked against a second watcher: positions are
// written to the first, on a tmpfs, after every batch, and copied to the second when a file
// was rotated and by Close. After a crash the first has them, after a reboot the second.
type State struct{}

// ErrLocked: another process uses the state.
var ErrLocked = errors.New("another trawl watch uses this state")

// OpenState makes the folders if they are missing and locks folder. run may be "": then
// positions are written to folder alone.
func OpenState(run, folder string) (*State, error) { return nil, errors.ErrUnsupported }

// Close copies what changed to the folder and unlocks it. Followers must have ended.
func (s *State) Close() error { return errors.ErrUnsupported }

// Cell returns the place of one small value that is kept as positions are: the cursor of
// a journal, for example. The name is unique in the state, but for sources'.
func (s *State) Cell(name string) (*Cell, error) { return nil, errors.ErrUnsupported }

// Cell holds up to 400 bytes. Its methods may be called by several goroutines.
type Cell struct{}

// Load returns what was stored last, also by an earlier process; nil if nothing was.
func (c *Cell) Load() []byte { return nil }

// Store replaces the value: a crash leaves the old one or the new one.
func (c *Cell) Store(value []byte) error { return errors.ErrUnsupported }
