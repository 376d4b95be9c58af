package worker

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"trawl/edge/match"
	"trawl/edge/wire"
)

var discard = slog.New(slog.DiscardHandler)

func regexPack(t *testing.T, n int) *match.Pack {
	t.Helper()
	b := match.NewBuilder(match.Options{})
	for i := range n {
		if err := b.Add(&match.Rule{ID: fmt.Sprintf("%s%d", strings.Repeat("r", 200), i), Regex: fmt.Sprintf(`w%d\d+`, i)}); err != nil {
			t.Fatal(err)
		}
	}
	p, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestHeartbeatsCarryCosts(t *testing.T) {
	b := listen(t)
	o := options(b, t)
	o.Rules["regexes"] = regexPack(t, 30)
	run(t, o)
	l, _ := b.welcome(time.Minute)
	_, got := l.ask(true, `{"rules":"regexes"}`, "w3x w4 w41", "w41")
	if !strings.Contains(got[0], "regexes@") {
		t.Fatalf("%q", got)
	}
	_ = l.conn.Close()
	l, _ = b.welcome(time.Minute) // the first heartbeat says costs
	frames := l.recvAny()
	var costs wire.Costs
	if len(frames) != 3 || frames[0] != "B" || json.Unmarshal([]byte(frames[2]), &costs) != nil {
		t.Fatalf("%q", frames)
	}
	if costs.Source == "" || len(costs.Sets) != 1 || costs.Sets[0].Name != "regexes" || costs.Sets[0].Hash != o.Rules["regexes"].Hash() {
		t.Fatalf("%+v", costs)
	}
	verified, matched := map[string]int64{}, int64(0)
	for _, r := range costs.Sets[0].Regexes {
		verified[r.Rule] += r.Verified
		matched += r.Matched
		if len(r.Rule) != wire.MaxCostRule {
			t.Errorf("an id of %d bytes", len(r.Rule))
		}
	}
	if len(verified) == 0 || matched == 0 {
		t.Errorf("%+v", costs)
	}
}

func TestCostsAreTheMostExpensiveOnes(t *testing.T) {
	p := regexPack(t, 30)
	var s match.Scratch
	for i := range 30 {
		text := strings.Repeat(fmt.Sprintf("w%dx ", i), 20_000*(1+i%7)) // long: all is timed
		p.Scan(&s, []byte(text), match.Query{})
	}
	sums := costsOf(&refPack{Pack: p})
	if len(sums.Regexes) != wire.MaxCosts {
		t.Fatalf("%d regexes", len(sums.Regexes))
	}
	total := int64(0)
	for i, r := range sums.Regexes {
		total += r.TimeUS
		if i > 0 && r.TimeUS > sums.Regexes[i-1].TimeUS {
			t.Error("not in order")
		}
	}
	if sums.TimeUS < total {
		t.Errorf("all take %d µs, the most expensive %d", sums.TimeUS, total)
	}
}

func TestCostsOfManySetsAreBounded(t *testing.T) {
	packs := map[string]*match.Pack{}
	var s match.Scratch
	p := regexPack(t, 10)
	for i := range 10 {
		p.Scan(&s, fmt.Appendf(nil, "w%d1", i), match.Query{})
	}
	for i := range 30 {
		packs[fmt.Sprint("set", i)] = p
	}
	c := fixedRuleSets(packs, discard).costs()
	n := 0
	for _, set := range c.Sets {
		n += len(set.Regexes)
	}
	if n != wire.MaxAllCosts {
		t.Errorf("%d regexes are told", n)
	}
}

// Costs are told every few seconds, and once that there are none any more.
func TestCostsFrames(t *testing.T) {
	p := regexPack(t, 1)
	none, some := fixedRuleSets(map[string]*match.Pack{"x": p}, discard), fixedRuleSets(map[string]*match.Pack{"x": regexPack(t, 1)}, discard)
	var s match.Scratch
	some.sets["x"].current.Scan(&s, []byte("w01"), match.Query{})
	var c costsFrame
	for i, step := range []struct {
		sets   *RuleSets
		due    bool
		frames int
	}{
		{none, true, 0}, {some, false, 0}, {some, true, 1}, {some, false, 0}, {some, true, 1}, {none, true, 1}, {none, true, 0},
	} {
		if step.due {
			c.at = time.Time{}
		}
		if got := c.appendTo(nil, step.sets); len(got) != step.frames {
			t.Errorf("step %d: %d frames, want %d", i, len(got), step.frames)
		}
	}
}
