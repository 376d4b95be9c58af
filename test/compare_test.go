// Output held against what was expected, while it comes.

package test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
)

// comparer is the standard output of a process: it must write want. Marks are
// places in it at which something happens; until that is over, nothing more is
// read and the process is held up.
type comparer struct {
	mu    sync.Mutex
	want  []byte
	have  int // bytes that came and were as wanted
	marks []mark

	differs bool
	got     []byte // the line that differs, as it came
}

// mark calls do, in a goroutine of its process, once at bytes have come.
type mark struct {
	at int
	do func()
}

func (c *comparer) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(p)
	if c.differs {
		c.more(p)
		return n, nil
	}
	if rest := c.want[c.have:]; !bytes.HasPrefix(rest, p) {
		same := 0
		for same < len(p) && same < len(rest) && p[same] == rest[same] {
			same++
		}
		c.have += same
		c.differs = true
		line := bytes.LastIndexByte(c.want[:c.have], '\n') + 1
		c.got = append(c.got, c.want[line:c.have]...)
		c.more(p[same:])
		return n, nil
	}
	c.have += n
	for len(c.marks) > 0 && c.have >= c.marks[0].at {
		c.marks[0].do()
		c.marks = c.marks[1:]
	}
	return n, nil
}

// more adds to the line that differs.
func (c *comparer) more(p []byte) {
	if !bytes.ContainsRune(c.got, '\n') {
		c.got = append(c.got, p...)
	}
}

// check is called when the process has ended.
func (c *comparer) check(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.differs && c.have == len(c.want) {
		return
	}
	number := bytes.Count(c.want[:c.have], []byte("\n")) + 1
	start := bytes.LastIndexByte(c.want[:c.have], '\n') + 1
	t.Errorf("the output differs from line %d on:\n got %s\nwant %s", number, firstLine(c.got), firstLine(c.want[start:]))
}

func firstLine(b []byte) string {
	if len(b) == 0 {
		return "(its end)"
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return fmt.Sprintf("%.300s", line)
}
