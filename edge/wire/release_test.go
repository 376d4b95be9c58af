package wire

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var someHash = strings.Repeat("0123456789abcdef", 4)

func TestFetchComesBack(t *testing.T) {
	f := Fetch{Number: 1<<63 + 5, Chunk: [32]byte{1, 2, 31: 9}, Offset: 1 << 20, Length: MaxPart}
	frame := f.Append(nil)
	if got, ok := ParseFetch(frame); !ok || got != f {
		t.Errorf("%+v, %v", got, ok)
	}
	for what, bad := range map[string][]byte{
		"nothing": nil, "another kind": append([]byte{'P'}, frame[1:]...), "flags": append([]byte{'F', 1}, frame[2:]...),
		"cut short": frame[:len(frame)-1], "a byte more": append(slices.Clone(frame), 0),
		"length 0":               (&Fetch{}).Append(nil),
		"too long":               (&Fetch{Length: MaxPart + 1}).Append(nil),
		"an offset far away":     (&Fetch{Offset: 1 << 40, Length: 1}).Append(nil),
		"an offset below it all": (&Fetch{Offset: -1, Length: 1}).Append(nil),
	} {
		if got, ok := ParseFetch(bad); ok {
			t.Errorf("%s: %+v", what, got)
		}
	}
}

func TestPartComesBack(t *testing.T) {
	for _, p := range []Part{
		{Number: 7, Offset: 65536, Bytes: []byte("x")},
		{Number: 7, Last: true, Bytes: make([]byte, MaxPart)},
		{Number: 1},
		{Number: 1, Later: 1500 * time.Millisecond},
	} {
		frames := [][]byte{p.Append(nil)}
		if len(p.Bytes) > 0 {
			frames = append(frames, p.Bytes)
		}
		if got, ok := ParsePart(frames); !ok || !reflect.DeepEqual(got, p) {
			t.Errorf("%+v, %v", got, ok)
		}
	}
	part := Part{Number: 7, Later: time.Second}
	last := Part{Number: 7, Last: true}
	control := (&Part{Number: 7}).Append(nil)
	for what, bad := range map[string][][]byte{
		"nothing": {}, "another kind": {(&Fetch{Length: 1}).Append(nil)}, "cut short": {control[:5]},
		"a part and later": {part.Append(nil), []byte("x")}, "an end of nothing": {last.Append(nil)}, "an empty frame": {control, {}},
		"too much": {control, make([]byte, MaxPart+1)}, "three frames": {control, []byte("x"), []byte("y")},
		"later without end": {slices.Concat(control[:18], []byte{255, 255, 255, 255})},
	} {
		if got, ok := ParsePart(bad); ok {
			t.Errorf("%s: %+v", what, got)
		}
	}
	if frame := (&Part{Later: time.Hour * 1000}).Append(nil); len(frame) > 0 {
		if got, ok := ParsePart([][]byte{frame}); !ok || got.Later != maxLater {
			t.Errorf("later than ever: %+v, %v", got, ok)
		}
	}
}

func TestGoalsComeBack(t *testing.T) {
	goals := []Goal{{Document: []byte("{}"), Signature: []byte("s"), Retry: 5}, {Document: []byte("{1}"), Signature: []byte{}}}
	frames := GoalFrames(goals)
	if got, ok := ParseGoals(frames); !ok || !reflect.DeepEqual(got, goals) {
		t.Errorf("%+v, %v", got, ok)
	}
	if got, ok := ParseGoals(GoalFrames(nil)); !ok || len(got) != 0 {
		t.Errorf("no goals: %+v, %v", got, ok)
	}
	for what, bad := range map[string][][]byte{
		"nothing": {}, "another kind": {{'F'}}, "half a release": frames[:4], "a retry too few": slices.Concat([][]byte{frames[0][:9]}, frames[1:]),
		"a retry too many": frames[:3], "too many sets": GoalFrames(make([]Goal, MaxRuleSets+1)),
	} {
		if got, ok := ParseGoals(bad); ok {
			t.Errorf("%s: %+v", what, got)
		}
	}
}

func TestOutcomesComeBack(t *testing.T) {
	list := []Outcome{
		{ReleaseID{"pii", 8, someHash}, StateRefused, "takes 54 MB, 31 MB are free", 54e6},
		{ReleaseID: ReleaseID{Set: "names"}, State: StateFailed, Error: "a\x1b[31m\n" + strings.Repeat("é", 2000)},
	}
	got, err := ParseOutcomes(OutcomesFrame(list))
	if err != nil || len(got) != 2 || !reflect.DeepEqual(got[0], list[0]) {
		t.Fatalf("%+v, %v", got, err)
	}
	if e := got[1].Error; len(e) > MaxOutcomeError || len(e) < MaxOutcomeError-2 || !strings.HasPrefix(e, `a\x1b[31m\né`) {
		t.Errorf("the reason is %q", e)
	}
	if !strings.HasPrefix(list[1].Error, "a\x1b") {
		t.Error("the caller's list was changed")
	}
	for what, bad := range map[string]string{
		"no list": `{}`, "no JSON": `[`, "another state": `[{"set":"pii","number":0,"state":"happy"}]`, "no set": `[{"state":"active"}]`,
		"a number without a hash": `[{"set":"pii","number":8,"state":"active"}]`, "a short hash": `[{"set":"pii","number":8,"hash":"0123456789abcdef","state":"active"}]`,
		"a hash without a number": `[{"set":"pii","number":0,"hash":"` + someHash + `","state":"active"}]`,
		"memory below nothing":    `[{"set":"pii","number":0,"state":"active","memory":-1}]`,
		"a reason with an escape": `[{"set":"pii","number":0,"state":"failed","error":"\u001b[31m"}]`,
		"a long reason":           `[{"set":"pii","number":0,"state":"failed","error":"` + strings.Repeat("x", 2000) + `"}]`,
		"too many":                `[` + strings.Repeat(`{"set":"pii","number":0,"state":"active"},`, 400) + `{"set":"pii","number":0,"state":"active"}]`,
		"too long":                `[` + strings.Repeat(" ", MaxOutcomes) + `]`,
	} {
		if got, err := ParseOutcomes([]byte(bad)); err == nil {
			t.Errorf("%s: %+v", what, got)
		} else if len(err.Error()) > 1000 {
			t.Errorf("%s: an error of %d bytes", what, len(err.Error()))
		}
	}
}

func TestReleasesInHellos(t *testing.T) {
	if err := CheckReleaseIDs([]ReleaseID{{"pii", 8, someHash}, {"names", 0, ""}}); err != nil {
		t.Error(err)
	}
	for what, bad := range map[string][]ReleaseID{
		"a set twice": {{"pii", 0, ""}, {"pii", 0, ""}}, "a set with a slash": {{"a/b", 0, ""}}, "a hash of another length": {{"pii", 8, "00"}},
		"too many": slices.Repeat([]ReleaseID{{"pii", 0, ""}}, MaxRuleSets+1),
	} {
		if CheckReleaseIDs(bad) == nil {
			t.Errorf("%s: taken", what)
		}
	}
}

func TestPlans(t *testing.T) {
	for _, good := range []Plan{{}, {Canaries: []string{"pi3", "küche 2"}, ForS: 1800}} {
		if got, err := ParsePlan(JSONFrame(&good)); err != nil || !reflect.DeepEqual(got, good) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if got, err := ParsePlan(nil); err != nil || !reflect.DeepEqual(got, Plan{}) {
		t.Errorf("an empty frame: %+v, %v", got, err)
	}
	for what, bad := range map[string]string{
		"an unknown key": `{"canary":["pi3"]}`, "no JSON": `{`, "a list": `[]`, "two objects": `{}{}`, "a canary twice": `{"canaries":["a","a"]}`,
		"a canary without a name": `{"canaries":[""]}`, "a hidden name": `{"canaries":["a\u202eb"]}`, "a long name": `{"canaries":["` + strings.Repeat("x", 256) + `"]}`,
		"a time below 0": `{"canaries":["a"],"for_s":-1}`, "a time without end": `{"canaries":["a"],"for_s":9223372036854775807}`, "a time without canaries": `{"for_s":5}`,
		"too many canaries": `{"canaries":[` + strings.Repeat(`"a",`, MaxCanaries) + `"a"]}`, "too long": `{` + strings.Repeat(" ", MaxReleasesArguments) + `}`,
	} {
		if got, err := ParsePlan([]byte(bad)); err == nil {
			t.Errorf("%s: %+v", what, got)
		}
	}
}

func TestTargetsAndQueries(t *testing.T) {
	target := ReleaseTarget{Set: "pii", Number: 8, Retry: 77}
	if got, err := ParseReleaseTarget(JSONFrame(&target)); err != nil || got != target {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{``, `{}`, `{"set":"pii"}`, `{"set":"PII","number":1}`, `{"set":"pii","number":-1}`, `{"set":"pii","number":1,"x":1}`} {
		if got, err := ParseReleaseTarget([]byte(bad)); err == nil {
			t.Errorf("%s: %+v", bad, got)
		}
	}
	query := ReleasesQuery{Set: "pii", Documents: true}
	if got, err := ParseReleasesQuery(JSONFrame(&query)); err != nil || got != query {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := ParseReleasesQuery(nil); err != nil || got != (ReleasesQuery{}) {
		t.Errorf("an empty frame: %+v, %v", got, err)
	}
	for _, bad := range []string{`{"set":"../x"}`, `{"documents":true}`, `{"x":1}`, `[]`} {
		if got, err := ParseReleasesQuery([]byte(bad)); err == nil {
			t.Errorf("%s: %+v", bad, got)
		}
	}
}

func TestHashesComeBack(t *testing.T) {
	list := [][32]byte{{1}, {2}, {3}}
	if got, ok := ParseHashes(HashesFrame(list), 3); !ok || !slices.Equal(got, list) {
		t.Errorf("%v, %v", got, ok)
	}
	if _, ok := ParseHashes(HashesFrame(list), 2); ok {
		t.Error("more than were asked for")
	}
	if _, ok := ParseHashes(make([]byte, 33), 3); ok {
		t.Error("half a hash")
	}
}

func FuzzFetch(f *testing.F) {
	f.Add((&Fetch{Number: 1, Offset: 5, Length: 7}).Append(nil))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if got, ok := ParseFetch(frame); ok && !bytes.Equal(got.Append(nil), frame) {
			t.Errorf("%x is %+v", frame, got)
		}
	})
}

func FuzzPart(f *testing.F) {
	f.Add((&Part{Number: 1, Offset: 5, Last: true}).Append(nil), []byte("x"), true)
	f.Add((&Part{Number: 1, Later: time.Second}).Append(nil), []byte(nil), false)
	f.Fuzz(func(t *testing.T, control, bytes_ []byte, two bool) {
		frames := [][]byte{control}
		if two {
			frames = append(frames, bytes_)
		}
		if got, ok := ParsePart(frames); ok && (!bytes.Equal(got.Append(nil), control) || !bytes.Equal(got.Bytes, bytes_) && two) {
			t.Errorf("%x is %+v", frames, got)
		}
	})
}

// The bytes are cut into frames at random places, the same for the same bytes.
func FuzzGoals(f *testing.F) {
	f.Add(slices.Concat(GoalFrames([]Goal{{Document: []byte("{}"), Signature: []byte("s")}})...), uint64(1))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 1))
		var frames [][]byte
		for len(data) > 0 {
			n := random.IntN(min(len(data), 9) + 1)
			frames, data = append(frames, data[:n]), data[n:]
			if len(frames) > 1000 {
				return
			}
		}
		if goals, ok := ParseGoals(frames); ok && !reflect.DeepEqual(concat(GoalFrames(goals)), concat(frames)) {
			t.Errorf("%x is %+v", frames, goals)
		}
	})
}

func concat(frames [][]byte) []byte { return slices.Concat(frames...) }

func FuzzOutcomes(f *testing.F) {
	f.Add(OutcomesFrame([]Outcome{{ReleaseID{"pii", 8, someHash}, StateActive, "", 54e6}}))
	f.Fuzz(func(t *testing.T, frame []byte) {
		list, err := ParseOutcomes(frame)
		if err != nil {
			return
		}
		again, err := ParseOutcomes(OutcomesFrame(list))
		if err != nil || !slices.Equal(again, list) {
			t.Errorf("%+v is read as %+v, %v", list, again, err)
		}
	})
}

func FuzzReleaseOps(f *testing.F) {
	f.Add(JSONFrame(&Plan{Canaries: []string{"pi3"}, ForS: 5}))
	f.Add(JSONFrame(&ReleaseTarget{Set: "pii", Number: 8}))
	f.Add(JSONFrame(&ReleasesQuery{Set: "pii", Documents: true}))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if p, err := ParsePlan(frame); err == nil {
			if again, err := ParsePlan(JSONFrame(&p)); err != nil || !slices.Equal(again.Canaries, p.Canaries) || again.ForS != p.ForS {
				t.Errorf("%+v is read as %+v, %v", p, again, err)
			}
		}
		if r, err := ParseReleaseTarget(frame); err == nil {
			if again, err := ParseReleaseTarget(JSONFrame(&r)); err != nil || again != r {
				t.Errorf("%+v is read as %+v, %v", r, again, err)
			}
		}
		if q, err := ParseReleasesQuery(frame); err == nil {
			if again, err := ParseReleasesQuery(JSONFrame(&q)); err != nil || again != q {
				t.Errorf("%+v is read as %+v, %v", q, again, err)
			}
		}
	})
}
