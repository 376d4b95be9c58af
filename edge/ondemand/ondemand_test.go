package ondemand

import (
	"sync"
	"testing"
)

var (
	digits = Regexp{Expr: `^[0-9]+$`}
	fruit  = Words{List: `apple
		pear  plum`}
	made  int
	first = Value[int]{Make: func() int { made++; return made }}
)

// The first uses may come from several goroutines at once: the race detector looks on.
func TestFirstUse(t *testing.T) {
	var using sync.WaitGroup
	for range 8 {
		using.Go(func() {
			if re := digits.Get(); !re.MatchString("42") || re.MatchString("4 2") {
				t.Errorf("%s finds something else", re)
			}
			if n := first.Get(); n != 1 {
				t.Errorf("made %d times", n)
			}
			for word, want := range map[string]bool{"apple": true, "pear": true, "plum": true, "": false, "app": false, "apple pear": false} {
				if fruit.Has(word) != want {
					t.Errorf("Has(%q) is %v", word, !want)
				}
			}
		})
	}
	using.Wait()
}
