package release_test

import (
	"encoding/json"
	"errors"
	"testing"

	"trawl/edge/release"
	"trawl/edge/release/internal/releasetest"
)

func TestWorkerTakesTheHighestThatIsTrusted(t *testing.T) {
	key, line := releasetest.Key(t)
	eve, _ := releasetest.Key(t)
	trust := releasetest.Trust(t, line)
	offer := func(key *release.SecretKey, number, seed uint64) release.Offer {
		return release.Offer{Release: releasetest.Small(t, key, "pii", number, seed).Release}
	}
	seven, eight, other, nine := offer(&key, 7, 1), offer(&key, 8, 1), offer(&key, 8, 2), offer(&key, 9, 1)
	forged := offer(&eve, 10, 1)
	low, high := eight, other
	if low.Release.Version.Higher(high.Release.Version) {
		low, high = high, low
	}
	for name, test := range map[string]struct {
		has     release.Version
		offers  []release.Offer
		want    *release.Release
		refused int
	}{
		"nothing":                   {release.Version{}, nil, nil, 0},
		"the only one":              {release.Version{}, []release.Offer{eight}, eight.Release, 0},
		"the highest":               {seven.Release.Version, []release.Offer{eight, nine, seven}, nine.Release, 0},
		"none that is lower":        {nine.Release.Version, []release.Offer{eight, seven}, nil, 0},
		"not the same again":        {eight.Release.Version, []release.Offer{eight}, nil, 0},
		"of two with one number":    {release.Version{}, []release.Offer{high, low}, high.Release, 0},
		"the higher of the number":  {low.Release.Version, []release.Offer{low, high}, high.Release, 0},
		"not the lower of a number": {high.Release.Version, []release.Offer{low}, nil, 0},
		"no forged one":             {release.Version{}, []release.Offer{eight, forged}, eight.Release, 1},
	} {
		c := release.Choose(test.has, test.offers, trust, &release.Marks{})
		if (c.Take == nil) != (test.want == nil) || c.Take != nil && c.Take.Release != test.want || len(c.Refused) != test.refused {
			t.Errorf("%s: %+v", name, c)
		}
		for _, r := range c.Refused {
			if !errors.Is(r.Err, release.ErrUntrusted) {
				t.Errorf("%s: %v", name, r.Err)
			}
		}
	}
}

func TestMarkedReleasesAreNotTakenUntilSomebodyAsks(t *testing.T) {
	key, line := releasetest.Key(t)
	trust := releasetest.Trust(t, line)
	eight := release.Offer{Release: releasetest.Small(t, &key, "pii", 8, 1).Release}
	v := eight.Release.Version
	for what, mark := range map[string]func(*release.Marks){
		"crashed": func(m *release.Marks) { m.Crash(v) }, "failed": func(m *release.Marks) { m.Fail(v) },
	} {
		var marks release.Marks
		mark(&marks)
		choose := func(retry uint64) release.Choice {
			eight.Retry = retry
			return release.Choose(release.Version{}, []release.Offer{eight}, trust, &marks)
		}
		if c := choose(0); c.Take != nil {
			t.Errorf("%s: taken", what)
		}
		c := choose(5)
		if c.Take == nil || !c.Retries {
			t.Fatalf("%s: not taken when asked: %+v", what, c)
		}
		marks.Heed(v, 5)
		if c := choose(5); c.Take == nil || c.Retries {
			t.Errorf("%s: after the mark is gone: %+v", what, c)
		}
		// A request counts once, also if the broker repeats it after a restart.
		mark(&marks)
		if c := choose(5); c.Take != nil {
			t.Errorf("%s: the request counts twice", what)
		}
		if c := choose(6); c.Take == nil {
			t.Errorf("%s: another request does not count", what)
		}
		text, err := json.Marshal(&marks)
		if err != nil {
			t.Fatal(err)
		}
		var again release.Marks
		if err := json.Unmarshal(text, &again); err != nil || again.HasCrashed(v) != marks.HasCrashed(v) || len(again.Failed) > 0 {
			t.Errorf("%s: %s", what, text)
		}
	}
}

func TestMarksAreBounded(t *testing.T) {
	var marks release.Marks
	for n := range uint64(1000) {
		v := release.Version{Number: n}
		marks.Crash(v)
		marks.Crash(v)
		marks.Fail(v)
		marks.Heed(release.Version{}, n+1)
	}
	if len(marks.Crashed) != 16 || len(marks.Failed) != 16 || len(marks.Heeded) != 16 || !marks.HasCrashed(release.Version{Number: 999}) {
		t.Errorf("%d crashed, %d failed, %d heeded", len(marks.Crashed), len(marks.Failed), len(marks.Heeded))
	}
}
