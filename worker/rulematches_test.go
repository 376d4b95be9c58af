package worker

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"trawl/edge/match"
	"trawl/edge/wire"
	"trawl/worker/results"
)

// wordsPack has the words w0, w1 and so on, each its own id.
func wordsPack(t testing.TB, n int) *match.Pack {
	t.Helper()
	b := match.NewBuilder(match.Options{})
	for i := range n {
		if err := b.Add(&match.Rule{Literals: [][]byte{fmt.Appendf(nil, "w%d.", i)}}); err != nil {
			t.Fatal(err)
		}
	}
	p, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tallyOf counts the words of a text as an answer for it does.
func tallyOf(p *match.Pack, text string) *results.Tally {
	var e results.Encoder
	e.Tally = &results.Tally{}
	h := wire.NewRequestHeader()
	e.Reset(p, &h, 4<<20)
	r := p.Scan(p.NewScratch(), []byte(text), match.Query{})
	e.Text(nil, []byte(text), &r)
	return e.Tally
}

// TestRuleMatchesAreThoseOfAModel compares random counts with a map.
func TestRuleMatchesAreThoseOfAModel(t *testing.T) {
	const rules = 3000
	p := wordsPack(t, rules)
	rapid.Check(t, func(t *rapid.T) {
		var m ruleMatches
		model := map[int]uint64{}
		for range rapid.IntRange(0, 5).Draw(t, "answers") {
			var text strings.Builder
			for _, rule := range rapid.SliceOfN(rapid.IntRange(0, rules-1), 0, 40).Draw(t, "rules") {
				fmt.Fprintf(&text, "w%d.", rule)
				model[rule]++
			}
			m.add(tallyOf(p, text.String()))
		}
		var want []wire.RuleMatches
		for rule := range rules {
			want = append(want, wire.RuleMatches{Rule: fmt.Sprintf("w%d.", rule), Matches: model[rule]})
		}
		sort.SliceStable(want, func(i, j int) bool { return want[i].Matches > want[j].Matches })
		top, matched := m.report(p)
		if matched != len(model) || fmt.Sprint(top) != fmt.Sprint(want[:min(len(model), wire.MaxRuleMatches)]) {
			t.Fatalf("%d matched: %v\nwant %d: %v", matched, top, len(model), want[:20])
		}
		all, matched, omitted := m.all(p, 1<<20)
		if matched != len(model) || omitted != 0 || fmt.Sprint(all) != fmt.Sprint(want) {
			t.Fatalf("%d matched, %d omitted: %v\nwant %v", matched, omitted, all[:20], want[:20])
		}
	})
}

// TestRuleMatchesFitIntoAnAnswer leaves out rules that matched least.
func TestRuleMatchesFitIntoAnAnswer(t *testing.T) {
	p := wordsPack(t, 2000)
	var m ruleMatches
	m.add(tallyOf(p, "w7. w8. w8."))
	for _, size := range []int{0, 100, 2000, 20_000, 1 << 20} {
		list, matched, omitted := m.all(p, size)
		encoded := wire.JSONFrame(list)
		if matched != 2 || len(list)+omitted != 2000 || len(encoded) > size+10 {
			t.Errorf("%d bytes: %d listed, %d omitted, %d matched, in %d bytes", size, len(list), omitted, matched, len(encoded))
		}
		if len(list) > 2 && (list[0].Rule != "w8." || list[1].Rule != "w7." || list[2].Matches != 0) {
			t.Errorf("%v", list[:3])
		}
	}
}

// TestRuleMatchesOfManySlots adds while others read.
func TestRuleMatchesOfManySlots(t *testing.T) {
	p := wordsPack(t, 100)
	var m ruleMatches
	var slots sync.WaitGroup
	for range 4 {
		slots.Go(func() {
			for range 50 {
				m.add(tallyOf(p, "w1. w2. w2."))
				m.report(p)
			}
		})
	}
	slots.Wait()
	if list, matched := m.report(p); matched != 2 || fmt.Sprint(list) != "[{w2. 400} {w1. 200}]" {
		t.Errorf("%v", list)
	}
}

// TestHeartbeatsCarryRuleMatches also asks the worker for all of them. Only what answers list counts.
func TestHeartbeatsCarryRuleMatches(t *testing.T) {
	b := listen(t)
	o := options(b, t)
	o.Rules["words"] = wordsPack(t, 30)
	run(t, o)
	l, _ := b.welcome(time.Minute)
	l.ask(true, `{"rules":"words"}`, "w3. w4.", "w4.")
	l.ask(true, `{"rules":"words","want":"any"}`, "w5.")
	l.ask(true, `{"rules":"words","want":"count"}`, "w5.")
	l.ask(true, `{"rules":"words","limit":1}`, "w3. w6.")
	l.ask(true, `{"rules":"words","format":"packed"}`, "w3. w7.")
	l.ask(true, `{"rules":"words","want":"rules"}`, "w3. w3.")
	l.ask(true, `{"rules":"words","want":"masked"}`, "w3.")
	const want = "[{w3. 5} {w4. 2} {w7. 1}]"
	_, got := l.ask(true, `{"rules":"words","op":"rule_matches"}`, "")
	var all wire.AllRuleMatches
	if err := json.Unmarshal([]byte(got[1]), &all); err != nil || all.Source == "" || all.Rules != 30 || all.Matched != 3 || len(all.Matches) != 30 || fmt.Sprint(all.Matches[:3]) != want {
		t.Fatalf("%q, %v", got, err)
	}
	_ = l.conn.Close()
	l, _ = b.welcome(time.Minute) // the first heartbeat says costs
	frames := l.recvAny()
	var costs wire.Costs
	if len(frames) != 3 || frames[0] != "B" || json.Unmarshal([]byte(frames[2]), &costs) != nil {
		t.Fatalf("%q", frames)
	}
	for _, set := range costs.Sets {
		if set.Name == "words" && (set.Rules != 30 || set.Matched != 3 || fmt.Sprint(set.Matches) != want) {
			t.Errorf("%+v", set)
		}
	}
	if !strings.Contains(frames[2], `"matches"`) {
		t.Error("no matches in the heartbeat")
	}
}
