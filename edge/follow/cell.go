package follow

// Small values that are kept as positions are.

import (
	"fmt"
	"slices"
	"sync"
)

// Cell holds one value of up to 400 bytes: the cursor of a journal, for example. Its
// methods may be called by several goroutines.
type Cell struct {
	file  *stateFile
	mu    sync.Mutex
	value []byte
}

// maxCell is a promise to callers; a slot has room for a little more.
const maxCell = 400

// Cell returns the place for a value. The name is like that of a source, but cells and
// sources may have the same. It may be called once for a name.
func (s *State) Cell(name string) (*Cell, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	f, err := s.openFile(name + ".cell")
	if err != nil {
		return nil, err
	}
	c := &Cell{file: f}
	for _, v := range f.values {
		if v.slot == 1 {
			c.value = slices.Clone(v.value)
		}
	}
	return c, nil
}

// Load returns what was stored last, also by an earlier process; nil if nothing was.
func (c *Cell) Load() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.value)
}

// Exact says whether the value that an earlier process left is the last that it stored. It
// may be an older one after a pulled plug.
func (c *Cell) Exact() bool { return c.file.exact }

// Store replaces the value, nil removes it. A crash leaves the old value or the new one.
func (c *Cell) Store(value []byte) error {
	if len(value) > maxCell {
		return fmt.Errorf("%d bytes are too many for a cell, which holds %d", len(value), maxCell)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.file.write(1, value); err != nil {
		return err
	}
	c.value = slices.Clone(value)
	return nil
}
