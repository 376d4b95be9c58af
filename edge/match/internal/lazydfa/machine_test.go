package lazydfa

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"testing"
)

func machineFor(t *testing.T, expr string, mode Mode) *Machine {
	t.Helper()
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	m := NewMachine(0, mode)
	if m.Program, err = Compile(tree); err != nil {
		t.Fatal(err)
	}
	return m
}

// A machine whose states are not used again goes without states, for a while.
func TestMachineGoesWithoutStatesForAWhile(t *testing.T) {
	m := machineFor(t, "a[^z]{14}c.*needle", FirstMatch)
	r := &Runner{Poll: func(int) bool { return false }}
	r.Init(256 << 10)
	search := func(text []byte) {
		r.Allow(len(text))
		r.Forward(m, text, 0, false)
	}
	busy, random := make([]byte, 16<<10), rand.New(rand.NewPCG(3, 1))
	for i := range busy {
		busy[i] = "ab"[random.IntN(2)]
	}
	if search(busy); m.slow == 0 {
		t.Error("it goes on building states")
	}
	if search(bytes.Repeat([]byte("-"), slowFor)); m.slow > 0 {
		t.Error("it never uses states again")
	}
}

// The cache never takes more than its size: it forgets states instead.
func TestCacheStaysWithinItsSize(t *testing.T) {
	m := machineFor(t, `(?:[a-f]+[0-9]{1,7}x|[a-z]{3}[b-k]{0,9}y)+z`, FirstMatch)
	for _, size := range []int{0, 4 << 10, 16 << 10} {
		r := &Runner{Poll: func(int) bool { return false }}
		r.Init(size)
		text, random := make([]byte, 64<<10), rand.New(rand.NewPCG(7, 1))
		for i := range text {
			text[i] = "abcdefghijk01234xy"[random.IntN(18)]
		}
		r.Allow(len(text))
		r.Forward(m, text, 0, false)
		if got := r.CacheBytes(); got > max(size, 4*firstRow) { // the two rows that are always there
			t.Errorf("%d of %d bytes", got, size)
		}
		m.epoch = 0
	}
}

// Poll is called every 64 KiB, by many short searches together as by a long one, and can end a search.
func TestPoll(t *testing.T) {
	for _, length := range []int{1 << 10, 1 << 20} {
		m := machineFor(t, "[^a]z", FirstMatch)
		polled, read := 0, 0
		r := &Runner{}
		r.Poll = func(n int) bool { polled++; read += n; return polled == 3 }
		r.Reset()
		text := bytes.Repeat([]byte("."), length)
		for range 1 << 20 / length {
			if r.Stopped {
				break
			}
			r.Allow(len(text))
			if _, ok := r.Forward(m, text, 0, false); ok == r.Stopped && length > pollEvery {
				t.Errorf("%v after %d of %d bytes", ok, read, length)
			}
		}
		if polled != 3 || read != 3*pollEvery {
			t.Errorf("texts of %d bytes: polled %d times in %d bytes", length, polled, read)
		}
	}
}

func TestReverse(t *testing.T) {
	for _, regex := range []string{"ab", "^a(b|cd)*$", `\bfoo\B`, "(?m)^x.*y$", "(?i:Strasse)[0-9]{2}"} {
		tree, err := syntax.Parse(regex, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		twice := Reverse(Reverse(tree))
		if twice.String() != tree.String() {
			t.Errorf("%s: %s", regex, twice)
		}
		if _, err := regexp.Compile(Reverse(tree).String()); err != nil {
			t.Error(err)
		}
	}
}
