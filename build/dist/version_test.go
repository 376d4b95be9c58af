package main

import (
	"testing"
	"time"

	"trawl/test/need"
)

var someday = time.Date(2026, 3, 1, 12, 30, 5, 0, time.UTC)

func TestDebianVersion(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3":                     "1.2.3",
		"1.2.3":                      "1.2.3",
		"v1.2.3-5-gabc1234":          "1.2.3+5.gabc1234",
		"v1.2.3-rc.1":                "1.2.3~rc.1",
		"v1.2.3-rc1-12-gabc1234":     "1.2.3~rc1+12.gabc1234",
		"v1.2.3-dirty":               "1.2.3+dirty",
		"v1.2.3-5-gabc1234-dirty":    "1.2.3+5.gabc1234+dirty",
		"a3de4de":                    "0~git20260301.123005.a3de4de",
		"a3de4de-dirty":              "0~git20260301.123005.a3de4de+dirty",
		"odd tag/with_everything: 1": "0~git20260301.123005.odd.tag.with.everything.1",
	} {
		if got := debianVersion(version, someday); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}

// As dpkg sees it, later versions are later.
func TestDebianVersionsSort(t *testing.T) {
	need.Program(t, "dpkg", "dpkg")
	order := []string{"abc1234", "v0.1.0-rc.1", "v0.1.0-rc.1-3-gabc1234", "v0.1.0-rc.2", "v0.1.0", "v0.1.0-3-gabc1234", "v0.1.0-12-g0bc1234", "v0.1.1-rc.1", "v0.1.1", "v0.10.0"}
	for i := 1; i < len(order); i++ {
		a, b := debianVersion(order[i-1], someday), debianVersion(order[i], someday)
		if out, err := need.Command("dpkg", "--compare-versions", a, "lt", b).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s is not older than %s: %v %s", a, b, err, out)
		}
	}
}
