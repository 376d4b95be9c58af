//go:build unix

package match

import (
	"syscall"
	"testing"
)

// atTheEndOfMemory is a text of dots behind which nothing can be read.
func atTheEndOfMemory(t *testing.T, size int) []byte {
	page := syscall.Getpagesize()
	mapped, err := syscall.Mmap(-1, 0, 2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(mapped); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(mapped[page:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	text := mapped[page-size : page : page]
	for i := range text {
		text[i] = '.'
	}
	return text
}

// Every place of a text that could be of a q-gram in the set is found, up to the
// last, and not a byte behind the text is read.
func TestFilterSeesTheWholeText(t *testing.T) {
	p := compile(t, EngineDA8, wordRules(longWords(t, 1000)))
	g := p.matcher.(*searcher).exact.grams
	for size := range 3 * maxQ {
		text := atTheEndOfMemory(t, size)
		for pos := range size + 1 {
			if got := g.next(text, pos, size); got < size {
				t.Fatalf("%d: %q seems to be in the set", got, text[got:])
			}
		}
	}
	gram := longWords(t, 1)[0][:g.q]
	for size := g.q; size < 3*maxQ; size++ {
		for at := size - g.q; at >= 0; at -= g.stride {
			text := atTheEndOfMemory(t, size)
			copy(text[at:], gram)
			if got := g.next(text, at%g.stride, size); got != at {
				t.Fatalf("%q: %d, want %d", text, got, at)
			}
		}
	}
}

// Short grams see every place of a text, too, and read not a byte behind it.
func TestShortGramsSeeTheWholeText(t *testing.T) {
	for _, list := range [][][]byte{literals("xy", "yz"), literals("word", "drow"), literals("lantern", "octopus", "parlor")} {
		g := newShortGrams(compile(t, EngineDA8, wordRules(list)).matcher.(*searcher).exact.terminalTexts())
		gram := list[0][:g.q]
		for size := range 64 {
			for pos := range size + 1 {
				if got := g.next(atTheEndOfMemory(t, size), pos, size); got < size {
					t.Fatalf("%d bytes: place %d seems to be in the set", size, got)
				}
			}
			for at := size - g.q; at >= 0; at -= g.stride {
				text := atTheEndOfMemory(t, size)
				copy(text[at:], gram)
				if got := g.next(text, at%g.stride, size); got != at {
					t.Fatalf("%q: %d, want %d", text, got, at)
				}
			}
		}
	}
}
