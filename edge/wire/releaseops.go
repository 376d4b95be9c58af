package wire

// Releases of rules on their way from an administrator to a broker: control requests, whose
// header says op. What an op takes stands in the frames behind the header.
//
//	rules.have      document                                 → hashes of the chunks that are missing
//	rules.put       hash of the chunk (32), compressed bytes → {}
//	rules.release   Plan, document, signature                → ReleaseTarget
//	rules.releases  ReleasesQuery, or an empty frame         → a list of SetReleases, in JSON
//	rules.go, rules.pause, rules.retry  ReleaseTarget        → {}

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"trawl/edge/escape"
)

// The control requests.
const (
	OpRulesHave     Op = "rules.have"
	OpRulesPut      Op = "rules.put"
	OpRulesRelease  Op = "rules.release"
	OpRulesReleases Op = "rules.releases"
	OpRulesGo       Op = "rules.go"
	OpRulesPause    Op = "rules.pause"
	OpRulesRetry    Op = "rules.retry"
)

const (
	// MaxCanaries is the most workers that a plan may name.
	MaxCanaries = 64
	// MaxFor is the longest time that a plan may watch its canaries.
	MaxFor = 30 * 24 * time.Hour
	// MaxReleasesArguments is the most bytes of a Plan, a ReleasesQuery or a ReleaseTarget.
	MaxReleasesArguments = 64 << 10
)

// Plan says how a release is rolled out. A plan is not signed: whoever may push makes one.
type Plan struct {
	// Canaries are the workers that get the release first, by name. Empty: all get the release at once.
	Canaries []string `json:"canaries,omitempty"`
	// ForS is how many seconds canaries have to be active without a fault before all get the
	// release; 0: as soon as they are active.
	ForS int64 `json:"for_s,omitempty"`
}

// For is ForS as a duration.
func (p *Plan) For() time.Duration { return time.Duration(p.ForS) * time.Second }

// Check says what is wrong with a plan; nil: nothing.
func (p *Plan) Check() error {
	if len(p.Canaries) > MaxCanaries {
		return fmt.Errorf("a plan names %d canaries, at most %d are allowed: a few workers are enough to try a release", len(p.Canaries), MaxCanaries)
	}
	seen := make(map[string]bool, len(p.Canaries))
	for _, name := range p.Canaries {
		switch {
		case name == "" || len(name) > 255 || escape.Hides(name):
			return escape.Errorf("%q cannot be the name of a worker", name)
		case seen[name]:
			return escape.Errorf("a plan names the canary %q twice", name)
		}
		seen[name] = true
	}
	if p.ForS < 0 || p.For() > MaxFor || p.ForS > int64(MaxFor/time.Second) {
		return fmt.Errorf("a plan watches its canaries for %d s: 0 to %d are allowed", p.ForS, int64(MaxFor/time.Second))
	}
	if p.ForS > 0 && len(p.Canaries) == 0 {
		return errors.New("a plan without canaries has nothing to watch: name canaries, or leave out the time")
	}
	return nil
}

// ParsePlan reads a Plan; an empty frame is the empty plan.
func ParsePlan(frame []byte) (Plan, error) {
	var p Plan
	if len(frame) > 0 {
		if err := decodeArguments(frame, &p); err != nil {
			return Plan{}, fmt.Errorf("the plan is wrong: %w", err)
		}
	}
	if err := p.Check(); err != nil {
		return Plan{}, err
	}
	return p, nil
}

// ReleaseTarget names a release that an administrator does something with.
type ReleaseTarget struct {
	Set    string `json:"set"`
	Number uint64 `json:"number"`
	// Retry is a number of the administrator's choice, not 0, for rules.retry only: all brokers
	// get the same, and each worker tries the release again once.
	Retry uint64 `json:"retry,omitempty"`
}

// ParseReleaseTarget reads a ReleaseTarget.
func ParseReleaseTarget(frame []byte) (ReleaseTarget, error) {
	var t ReleaseTarget
	if err := decodeArguments(frame, &t); err != nil {
		return ReleaseTarget{}, fmt.Errorf("the release is named in a wrong way: %w", err)
	}
	if !ValidReleaseSet(t.Set) || t.Number == 0 {
		return ReleaseTarget{}, escape.Errorf("%q and %d do not name a release: give a rule set and a number from 1 on", t.Set, t.Number)
	}
	return t, nil
}

// ReleasesQuery narrows down what rules.releases answers.
type ReleasesQuery struct {
	Set       string `json:"set,omitempty"`       // empty: all rule sets
	Documents bool   `json:"documents,omitempty"` // with the documents; needs Set
}

// ParseReleasesQuery reads a ReleasesQuery; an empty frame asks for all rule sets.
func ParseReleasesQuery(frame []byte) (ReleasesQuery, error) {
	var q ReleasesQuery
	if len(frame) == 0 {
		return q, nil
	}
	if err := decodeArguments(frame, &q); err != nil {
		return ReleasesQuery{}, fmt.Errorf("the question for releases is wrong: %w", err)
	}
	if q.Set != "" && !ValidReleaseSet(q.Set) {
		return ReleasesQuery{}, escape.Errorf("the rule set %q cannot have releases", q.Set)
	}
	if q.Documents && q.Set == "" {
		return ReleasesQuery{}, errors.New("documents are given of one rule set at a time: name the rule set")
	}
	return q, nil
}

// decodeArguments reads a JSON object; unknown keys and anything behind the object are errors.
func decodeArguments(frame []byte, v any) error {
	if len(frame) > MaxReleasesArguments {
		return fmt.Errorf("%d bytes, at most %d are allowed", len(frame), MaxReleasesArguments)
	}
	d := json.NewDecoder(bytes.NewReader(frame))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return escape.Errorf("no JSON object with known keys: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON object")
	}
	return nil
}

// HashesFrame is the body of a frame with hashes of chunks, 32 bytes each.
func HashesFrame(hashes [][32]byte) []byte {
	b := make([]byte, 0, 32*len(hashes))
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return b
}

// ParseHashes reads a frame with at most so many hashes; ok is false if the frame holds
// something else.
func ParseHashes(frame []byte, most int) (hashes [][32]byte, ok bool) {
	if len(frame)%32 != 0 || len(frame)/32 > most {
		return nil, false
	}
	for ; len(frame) > 0; frame = frame[32:] {
		hashes = append(hashes, [32]byte(frame))
	}
	return hashes, true
}

// SetReleases is what a broker knows of the releases of a rule set.
type SetReleases struct {
	Set      string          `json:"set"`
	Releases []ReleaseStatus `json:"releases"` // that the broker has, the newest first
	Workers  []ReleaseWorker `json:"workers"`  // that are connected and take releases of the set
	History  []PastRelease   `json:"history"`  // the newest first, with those of Releases
}

// ReleaseStatus is how far a release has come.
type ReleaseStatus struct {
	Number   uint64 `json:"number"`
	Hash     string `json:"hash"`
	Bytes    int64  `json:"bytes"` // of all members, as workers write them
	Plan     Plan   `json:"plan"`
	Step     string `json:"step"`               // canary or all
	Paused   bool   `json:"paused,omitempty"`   // no further worker gets the release
	Done     bool   `json:"done,omitempty"`     // has reached all workers that are connected
	Conflict bool   `json:"conflict,omitempty"` // another release has the same number
	Damaged  bool   `json:"damaged,omitempty"`  // chunks are missing: push the release again
	Hold     string `json:"hold,omitempty"`     // why the step does not end, for people
	Document string `json:"document,omitempty"` // as signed, if asked for
}

// ReleaseWorker is where a worker is with the releases of a rule set.
type ReleaseWorker struct {
	Name   string       `json:"name"`
	Active ReleaseID    `json:"active"` // Number is 0: none
	Goal   uint64       `json:"goal"`   // number of the release that the worker should have; 0: none
	State  OutcomeState `json:"state,omitempty"`
	Error  string       `json:"error,omitempty"`
	Memory int64        `json:"memory,omitempty"`
}

// PastRelease is an entry of the history.
type PastRelease struct {
	Number uint64 `json:"number"`
	Hash   string `json:"hash"`
	By     string `json:"by"`
	Note   string `json:"note,omitempty"`
	Made   string `json:"made"` // date
}
