package release

import (
	"testing"
	"time"
)

func TestWhichReleasesCrash(t *testing.T) {
	const s, m = time.Second, time.Minute
	use := func(began time.Duration) Use { return Use{Boot: "b", Began: began} }
	ended := func(began time.Duration) Use { return Use{Boot: "b", Began: began, Ended: true} }
	old := func(began time.Duration) Use { return Use{Boot: "a", Began: began} }
	for name, test := range map[string]struct {
		uses []Use
		now  Use
		want bool
	}{
		"the first":                           {nil, use(0), false},
		"one crash":                           {[]Use{use(0)}, use(5 * s), false},
		"two at once":                         {[]Use{use(0), use(5 * s)}, use(9 * s), true},
		"two, one after a minute":             {[]Use{use(0), use(m)}, use(m + 9*s), false},
		"two within a minute each, far apart": {[]Use{use(0), use(30 * s), ended(80 * s), use(50 * m)}, use(50*m + 10*s), true},
		"three within ten minutes each":       {[]Use{use(0), use(9 * m), use(18 * m)}, use(27 * m), true},
		"two within ten minutes each":         {[]Use{use(0), use(9 * m)}, use(18 * m), false},
		"three after ten minutes":             {[]Use{use(0), use(10 * m), use(20 * m)}, use(30 * m), false},
		"restarts in good order":              {[]Use{ended(0), ended(5 * s), ended(9 * s)}, use(12 * s), false},
		"a pulled plug":                       {[]Use{old(0)}, use(5 * s), false},
		"pulled plugs":                        {[]Use{old(0), old(9 * s), use(0)}, Use{Boot: "c", Began: s}, false},
		"a crash before the plug is pulled":   {[]Use{old(0), old(5 * s), use(3 * s)}, use(9 * s), false},
		"two crashes after that":              {[]Use{old(0), old(5 * s), use(3 * s), use(9 * s)}, use(12 * s), true},
		"a boot that is not known":            {[]Use{{Began: 0}, {Began: s}}, Use{Began: 2 * s}, false},
		"time that runs backwards":            {[]Use{use(9 * m), use(5 * m)}, use(m), false},
	} {
		if got := Crashes(test.uses, test.now); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	var uses []Use
	for i := range 100 {
		uses = AddUse(uses, use(time.Duration(i)*s))
	}
	if len(uses) != MaxUses || uses[0].Began != 92*s || !Crashes(uses, use(100*s)) {
		t.Errorf("%v", uses)
	}
}
