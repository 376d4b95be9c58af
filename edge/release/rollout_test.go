package release

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
)

func version(n uint64, hash ...byte) Version {
	v := Version{Number: n, Hash: Hash{1}}
	copy(v.Hash[:], hash)
	return v
}

func canaries(names ...string) wire.Plan { return wire.Plan{Canaries: names, ForS: 60} }

func mustPush(t *testing.T, s *Rollouts, v Version, p wire.Plan) {
	t.Helper()
	if _, err := s.Push(v, p); err != nil {
		t.Fatal(err)
	}
}

func (s *Rollouts) goal(worker string, has Version) Version {
	v, _ := s.Goal(worker, has)
	return v
}

func TestVersionsHaveOneOrder(t *testing.T) {
	rising := []Version{{}, version(1, 0), version(1, 5), version(2, 0), version(2, 0, 1), version(10, 0)}
	for i, v := range rising {
		for j, w := range rising {
			if v.Compare(w) != -w.Compare(v) || v.Higher(w) != (i > j) {
				t.Errorf("%v and %v: %d", v, w, v.Compare(w))
			}
		}
	}
	if !rising[0].IsZero() || rising[1].IsZero() {
		t.Error("zero")
	}
}

func TestHighestWhoseTurnItIs(t *testing.T) {
	var s Rollouts
	if v := s.goal("a", Version{}); !v.IsZero() {
		t.Errorf("without a release: %v", v)
	}
	seven, eight, nine := version(7), version(8), version(9)
	mustPush(t, &s, seven, wire.Plan{})
	mustPush(t, &s, eight, canaries("c"))
	for worker, want := range map[string]Version{"a": seven, "c": eight} {
		if v := s.goal(worker, Version{}); v != want {
			t.Errorf("8 has canaries: %s gets %v", worker, v)
		}
	}
	// A higher one takes the place of 8, which does not get to all any more.
	mustPush(t, &s, nine, canaries("d"))
	for worker, want := range map[string]Version{"a": seven, "c": eight, "d": nine} {
		if v := s.goal(worker, Version{}); v != want {
			t.Errorf("9 has other canaries: %s gets %v", worker, v)
		}
	}
	content := []WorkerView{{Name: "c", Active: eight, ActiveFor: time.Hour}}
	if s.Advance(content); s.Find(eight).Step != StepCanary {
		t.Error("8 goes on although 9 has taken its place")
	}
	if err := s.Go(8); err == nil || !strings.Contains(err.Error(), "release 9 has taken the place") {
		t.Errorf("go 8: %v", err)
	}
	// Paused: who has 9 keeps it, who has not does not get it.
	if err := s.Pause(9); err != nil {
		t.Fatal(err)
	}
	if v := s.goal("d", nine); v != nine {
		t.Errorf("who has the paused 9 gets %v", v)
	}
	if v := s.goal("d", eight); v != seven {
		t.Errorf("who has not gets %v", v)
	}
	if changed, err := s.Push(nine, wire.Plan{}); !changed || err != nil || !s.Newest().Paused {
		t.Errorf("pushed to all while paused: %v, %v, %+v", changed, err, s.Newest())
	}
	if err := s.Go(9); err != nil || s.goal("a", Version{}) != nine {
		t.Errorf("go 9: %v", err)
	}
	if err := s.Go(12); err == nil {
		t.Error("go 12")
	}
	if err := (&Rollouts{}).Pause(1); err == nil || !strings.Contains(err.Error(), "push it first") {
		t.Errorf("pause without a release: %v", err)
	}
}

func TestPushesThatAreNotHigher(t *testing.T) {
	var s Rollouts
	mustPush(t, &s, version(8, 5), wire.Plan{})
	if changed, err := s.Push(version(7), wire.Plan{}); changed || !errors.Is(err, ErrNotHigher) || !strings.Contains(err.Error(), "make a release 9") {
		t.Errorf("7 after 8: %v, %v", changed, err)
	}
	if s.Newest().Conflict {
		t.Error("7 is a conflict with 8")
	}
	if changed, err := s.Push(version(8, 4), wire.Plan{}); !changed || !errors.Is(err, ErrNotHigher) || !s.Newest().Conflict {
		t.Errorf("another 8, lower: %v, %v", changed, err)
	}
	if changed, err := s.Push(version(8, 4), wire.Plan{}); changed || !errors.Is(err, ErrNotHigher) {
		t.Errorf("once more: %v, %v", changed, err)
	}
	mustPush(t, &s, version(8, 6), wire.Plan{})
	if r := s.Newest(); len(s.List) != 2 || !r.Conflict || r.Version != version(8, 6) {
		t.Errorf("another 8, higher: %+v", s.List)
	}
	mustPush(t, &s, version(9), wire.Plan{})
	if s.Newest().Conflict {
		t.Error("9 is a conflict")
	}
}

func TestRepeatedPushes(t *testing.T) {
	var s Rollouts
	v := version(8)
	mustPush(t, &s, v, canaries("a"))
	if changed, err := s.Push(v, canaries("a")); changed || err != nil {
		t.Errorf("the same: %v, %v", changed, err)
	}
	if changed, err := s.Push(v, canaries("a", "b")); !changed || err != nil || s.goal("b", Version{}) != v {
		t.Errorf("other canaries: %v, %v", changed, err)
	}
	if changed, err := s.Push(v, wire.Plan{}); !changed || err != nil || s.Newest().Step != StepAll {
		t.Errorf("to all: %v, %v", changed, err)
	}
	if changed, err := s.Push(v, canaries("a")); changed || err != nil || s.Newest().Step != StepAll {
		t.Errorf("back to canaries: %v, %v", changed, err)
	}
}

func TestWhenAStepEnds(t *testing.T) {
	v, before, higher := version(8), version(7), version(9)
	good := func(name string) WorkerView { return WorkerView{Name: name, Active: v, ActiveFor: time.Minute} }
	bad := func(state wire.OutcomeState) WorkerView {
		return WorkerView{Name: "b", Active: before, ActiveFor: time.Hour, Reported: v, State: state, Error: "because\x1b"}
	}
	for name, test := range map[string]struct {
		step    Step
		workers []WorkerView
		ends    bool
		hold    string
	}{
		"all canaries":            {StepCanary, []WorkerView{good("a"), good("b")}, true, ""},
		"no canary":               {StepCanary, []WorkerView{{Name: "x", Active: before}}, false, "no canary is connected: a, b"},
		"one, the other is away":  {StepCanary, []WorkerView{good("a")}, true, ""},
		"a higher one":            {StepAll, []WorkerView{{Name: "a", Active: higher}}, true, ""},
		"a higher canary":         {StepCanary, []WorkerView{good("b"), {Name: "a", Active: higher}}, false, "a has release 9 already, from another broker"},
		"not yet":                 {StepCanary, []WorkerView{good("a"), {Name: "b", Active: before, Reported: v, State: wire.StateFetching}}, false, ""},
		"not for long enough":     {StepCanary, []WorkerView{{Name: "a", Active: v, ActiveFor: time.Minute - 1}}, false, ""},
		"refused":                 {StepCanary, []WorkerView{good("a"), bad(wire.StateRefused)}, false, `b refused: because\x1b`},
		"failed":                  {StepCanary, []WorkerView{good("a"), bad(wire.StateFailed)}, false, "b failed: because"},
		"crashed":                 {StepCanary, []WorkerView{bad(wire.StateCrashed), good("a")}, false, "b crashed: because"},
		"crashed with another":    {StepCanary, []WorkerView{{Name: "a", Active: v, ActiveFor: time.Hour, Reported: before, State: wire.StateCrashed}}, true, ""},
		"a regex given up":        {StepCanary, []WorkerView{{Name: "a", Active: v, ActiveFor: time.Hour, GivenUp: "iban"}}, false, `a gives up on the regex "iban"`},
		"given up before":         {StepCanary, []WorkerView{good("a"), {Name: "b", Active: before, GivenUp: "iban"}}, false, ""},
		"another's fault":         {StepCanary, []WorkerView{good("a"), {Name: "x", Reported: v, State: wire.StateFailed}}, true, ""},
		"all":                     {StepAll, []WorkerView{good("a"), good("x")}, true, ""},
		"all but one":             {StepAll, []WorkerView{good("a"), {Name: "x", Active: before}}, false, ""},
		"nobody":                  {StepAll, nil, false, "no worker that takes releases"},
		"one without any release": {StepAll, []WorkerView{{Name: "x"}}, false, ""},
	} {
		r := Rollout{Version: v, Plan: canaries("a", "b"), Step: test.step}
		got := r.Judge(test.workers)
		if got.Ends != test.ends || !strings.Contains(got.Hold, test.hold) || (got.Hold == "") != (test.hold == "") {
			t.Errorf("%s: %+v", name, got)
		}
		r.Paused = true
		if got := r.Judge(test.workers); got.Ends || !strings.HasPrefix(got.Hold, "paused") {
			t.Errorf("%s, paused: %+v", name, got)
		}
	}
	r := Rollout{Version: v, Plan: canaries("a", "b"), Step: StepCanary}
	if got := r.Judge([]WorkerView{{Name: "a", Active: before}}); !slices.Equal(got.Absent, []string{"b"}) || !slices.Equal(got.Waiting, []string{"a"}) {
		t.Errorf("%+v", got)
	}
}

func TestStepsFollowEachOther(t *testing.T) {
	var s Rollouts
	v := version(8)
	mustPush(t, &s, v, canaries("a"))
	all := []WorkerView{{Name: "a", Active: v, ActiveFor: time.Hour}, {Name: "b"}}
	if !s.Advance(all) || s.Newest().Step != StepAll || s.Newest().Done {
		t.Errorf("canaries are content: %+v", s.Newest())
	}
	if s.Advance(all) {
		t.Error("b has not got it yet")
	}
	all[1] = WorkerView{Name: "b", Active: v, ActiveFor: time.Hour}
	if !s.Advance(all) || !s.Newest().Done {
		t.Errorf("all have it: %+v", s.Newest())
	}
	if s.Advance(all) {
		t.Error("done twice")
	}
}

func TestWhatIsKept(t *testing.T) {
	var s Rollouts
	keep := func() (numbers []uint64) {
		for _, v := range s.Surplus() {
			s.Drop(v)
		}
		for _, r := range s.List {
			numbers = append(numbers, r.Version.Number)
		}
		return numbers
	}
	for n := uint64(1); n <= 6; n++ {
		mustPush(t, &s, version(n), wire.Plan{})
		s.Newest().Done = true
	}
	if got := keep(); !slices.Equal(got, []uint64{2, 3, 4, 5, 6}) {
		t.Errorf("six that have reached all: %v", got)
	}
	for n := uint64(7); n <= 12; n++ {
		mustPush(t, &s, version(n), canaries("a"))
		if n == 8 {
			if err := s.Go(8); err != nil {
				t.Fatal(err)
			}
		}
		keep()
	}
	// 8 is the highest that is for all, 12 the newest: neither goes, whatever comes.
	if got := keep(); !slices.Equal(got, []uint64{2, 3, 4, 5, 6, 8, 10, 11, 12}) {
		t.Errorf("six more on their way: %v", got)
	}
	droppable := func() (numbers []uint64) {
		for _, v := range s.Droppable() {
			numbers = append(numbers, v.Number)
		}
		return numbers
	}
	if got := droppable(); !slices.Equal(got, []uint64{2, 3, 4, 5, 10, 11}) {
		t.Errorf("droppable: %v", got)
	}
	if err := s.Pause(12); err != nil {
		t.Fatal(err)
	}
	if got := droppable(); !slices.Equal(got, []uint64{2, 3, 4, 5, 10, 11, 12}) {
		t.Errorf("droppable, 12 paused: %v", got)
	}
}

func TestRolloutsOnDisk(t *testing.T) {
	var s Rollouts
	mustPush(t, &s, version(8, 1), canaries("a"))
	mustPush(t, &s, version(8, 2), wire.Plan{})
	if err := s.Retry(8, 7); err != nil {
		t.Fatal(err)
	}
	if err := s.Retry(8, 0); err == nil {
		t.Error("retry 0")
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var again Rollouts
	if err := json.Unmarshal(text, &again); err != nil || again.Check() != nil || !reflect.DeepEqual(again, s) {
		t.Errorf("%s: %+v, %v, %v", text, again, err, again.Check())
	}
	if _, retry := again.Goal("b", Version{}); retry != 7 {
		t.Errorf("retry %d", retry)
	}
	for what, bad := range map[string]func(*Rollouts){
		"falling": func(s *Rollouts) { slices.Reverse(s.List) }, "no step": func(s *Rollouts) { s.List[0].Step = "" },
		"a plan": func(s *Rollouts) { s.List[0].Plan.ForS = -1 }, "too many": func(s *Rollouts) { s.List = slices.Repeat(s.List, 20) },
		"a number": func(s *Rollouts) { s.List[1].Version.Number = 1 << 60 },
	} {
		c := s.Clone()
		if bad(&c); c.Check() == nil {
			t.Errorf("%s: not noticed", what)
		}
	}
}
