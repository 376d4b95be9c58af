package match

import (
	"fmt"
	"math"
	"testing"

	"trawl/edge/match/matchtest"
)

// Whatever was measured, it must not change what is found.
func TestCalibrationChangesOnlyTheWay(t *testing.T) {
	rules := []*Rule{{Literals: literals("error")}, {ID: "folded", Literals: literals("WARN", "K"), NoCase: true}, {Literals: literals("or")}}
	text := matchtest.Dense(literals("error", "warn", "or"), 20<<10)
	for _, engine := range []string{EngineDA8, EngineDFA, EngineSDFA} {
		p := compile(t, engine, rules)
		want := streamOnly(t, p).Scan(&Scratch{}, text, Query{})
		if got := p.Calibration(); len(got.Speeds) > 0 || math.MaxInt > math.MaxInt32 && got.Lanes != engine {
			t.Errorf("%s: %v before measuring", engine, got)
		}
		c := p.Calibrate()
		if ways := len(p.matcher.(*searcher).exact.steppers()); len(c.Speeds) != ways+1 || c.Lanes == "" {
			t.Errorf("%s: %+v", engine, c)
		}
		for _, lanes := range []string{"none", engine, EngineDA8} {
			c.Lanes, c.From = lanes, 300
			if err := p.Use(c); err != nil {
				t.Fatal(err)
			}
			if got := p.Calibration(); got.Lanes != lanes || lanes != "none" && got.From != 300 {
				t.Errorf("%s: %v in use, not %v", engine, got, c)
			}
			if got := p.Scan(&Scratch{}, text, Query{}); !sameResult(got, want) || !got.Any {
				t.Errorf("%s by lanes on %s: %d matches, want %d", engine, lanes, got.Count, want.Count)
			}
		}
	}
}

func TestCalibrationOfAnotherPackIsRefused(t *testing.T) {
	da8 := compile(t, EngineDA8, []*Rule{{Literals: literals("a")}})
	da4 := compile(t, EngineDA4, []*Rule{{Literals: literals("a")}})
	none := compile(t, EngineAuto, nil)
	if err := da8.Use(Calibration{Lanes: EngineDFA}); err == nil {
		t.Error("da8 takes lanes on dfa")
	}
	if err := da4.Use(Calibration{Lanes: EngineDA8}); err == nil {
		t.Error("da4 takes lanes on da8")
	}
	for _, p := range []*Pack{da4, none} {
		if c := p.Calibrate(); c.Lanes != "" {
			t.Errorf("%+v", c)
		}
		if err := p.Use(p.Calibration()); err != nil {
			t.Error(err)
		}
	}
}

func TestCalibrationAsText(t *testing.T) {
	for _, c := range []Calibration{
		{},
		{Lanes: "none", Speeds: []Speed{{"one-stream", 20}, {"da8", 12.5}}},
		{Lanes: "sdfa", From: 512, Speeds: []Speed{{"one-stream", 1e3}}},
	} {
		text, _ := c.MarshalText()
		var back Calibration
		if err := back.UnmarshalText(text); err != nil || fmt.Sprint(back) != fmt.Sprint(c) || back.From != c.From {
			t.Errorf("%q is read as %+v, %v", text, back, err)
		}
	}
	for _, text := range []string{"", "lanes=dfa", "from=1 lanes=dfa", "lanes=fast from=1", "lanes=da8 from=-1", "lanes=da8 from=x", "lanes=da8 from=1 speed=2", "lanes=da8 from=1 da8=x"} {
		if err := new(Calibration).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
