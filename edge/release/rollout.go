package release

// Rollouts: the releases of a rule set at one broker, and which worker gets which. Everything
// here is a function of what the broker knows; time and messages are the caller's.

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"trawl/edge/wire"
)

// Step is how far a rollout has come.
type Step string

// The steps.
const (
	StepCanary Step = "canary" // only the canaries of the plan get the release
	StepAll    Step = "all"    // all workers get the release
)

const (
	// MaxAbove is how many releases a broker keeps above the last that has reached all workers.
	MaxAbove = 4
	// MaxBelow is how many releases a broker keeps below, if there is room.
	MaxBelow = 4
	// MaxHistory is how many releases a broker remembers.
	MaxHistory = 64
)

// Rollout is a release on its way to the workers.
type Rollout struct {
	Version  Version   `json:"version"`
	Plan     wire.Plan `json:"plan"`
	Step     Step      `json:"step"`
	Paused   bool      `json:"paused,omitempty"`   // no further worker gets the release
	Done     bool      `json:"done,omitempty"`     // all workers that were connected had the release
	Conflict bool      `json:"conflict,omitempty"` // another release with the number was pushed, too
	Retry    uint64    `json:"retry,omitempty"`    // the last request to try the release again; see wire.Goal
}

// Rollouts are those of one rule set. The zero value has none. Not safe for concurrent use.
type Rollouts struct {
	List []Rollout `json:"rollouts"` // rising versions
}

// Newest returns the rollout of the highest version, or nil.
func (s *Rollouts) Newest() *Rollout {
	if len(s.List) == 0 {
		return nil
	}
	return &s.List[len(s.List)-1]
}

// Find returns the rollout of a version, or nil.
func (s *Rollouts) Find(v Version) *Rollout {
	for i := range s.List {
		if s.List[i].Version == v {
			return &s.List[i]
		}
	}
	return nil
}

// numbered returns the highest rollout with the number, or nil.
func (s *Rollouts) numbered(n uint64) *Rollout {
	for i := len(s.List) - 1; i >= 0; i-- {
		if s.List[i].Version.Number == n {
			return &s.List[i]
		}
	}
	return nil
}

// ErrNotHigher is behind the error for a release that is not taken because a higher one is there.
var ErrNotHigher = errors.New("not higher")

// Push adds a release. One that is there already can be given to all at once, or get other
// canaries while its canaries try it; a paused one stays paused. A release below the newest is
// not taken. changed reports whether the rollouts are others than before, also with an error.
func (s *Rollouts) Push(v Version, p wire.Plan) (changed bool, err error) {
	if r := s.Find(v); r != nil {
		return r.replan(p), nil
	}
	r := Rollout{Version: v, Plan: p, Step: StepCanary}
	if len(p.Canaries) == 0 {
		r.Step = StepAll
	}
	if newest := s.Newest(); newest != nil {
		at := newest.Version
		r.Conflict = at.Number == v.Number
		changed = r.Conflict && !newest.Conflict
		newest.Conflict = newest.Conflict || r.Conflict
		switch {
		case v.Higher(at):
		case r.Conflict:
			return changed, fmt.Errorf("release %d is %w than another release %d, which somebody else has pushed: make a release %d", v.Number, ErrNotHigher, v.Number, v.Number+1)
		default:
			return false, fmt.Errorf("release %d is %w than release %d, which is there: make a release %d", v.Number, ErrNotHigher, at.Number, at.Number+1)
		}
	}
	s.List = append(s.List, r)
	return true, nil
}

func (r *Rollout) replan(p wire.Plan) (changed bool) {
	if r.Step == StepAll || slices.Equal(p.Canaries, r.Plan.Canaries) && p.ForS == r.Plan.ForS {
		return false
	}
	r.Plan = p
	if len(p.Canaries) == 0 {
		r.Step = StepAll
	}
	return true
}

// Goal returns the release that a worker should have, and the last request to try it again;
// a zero version: none. has is the release that the worker has.
func (s *Rollouts) Goal(worker string, has Version) (v Version, retry uint64) {
	for i := len(s.List) - 1; i >= 0; i-- {
		r := &s.List[i]
		turn := r.Step == StepAll || slices.Contains(r.Plan.Canaries, worker)
		if r.Paused && has != r.Version {
			turn = false
		}
		if turn {
			return r.Version, r.Retry
		}
	}
	return Version{}, 0
}

// Go ends the step of a release by hand, also of a paused one: all workers get the release.
func (s *Rollouts) Go(number uint64) error {
	r, err := s.current(number)
	if err != nil {
		return err
	}
	r.Step, r.Paused = StepAll, false
	return nil
}

// Pause stops the widening of a release: workers that do not have it do not get it any more.
func (s *Rollouts) Pause(number uint64) error {
	r, err := s.current(number)
	if err != nil {
		return err
	}
	r.Paused = true
	return nil
}

// Retry makes workers try a release again that crashed or failed. id is the request's, the
// same for all brokers.
func (s *Rollouts) Retry(number, id uint64) error {
	r, err := s.current(number)
	if err != nil {
		return err
	}
	if id == 0 {
		return errors.New("a request to try a release again needs a number of its own, not 0")
	}
	r.Retry = id
	return nil
}

// current returns the rollout with the number, which has to be the newest.
func (s *Rollouts) current(number uint64) (*Rollout, error) {
	r := s.numbered(number)
	switch newest := s.Newest(); {
	case newest == nil:
		return nil, fmt.Errorf("release %d is not here: push it first", number)
	case r == newest:
		return r, nil
	case r == nil:
		return nil, fmt.Errorf("release %d is not here; the newest is release %d", number, newest.Version.Number)
	default:
		return nil, fmt.Errorf("release %d has taken the place of release %d, which is not rolled out any more", newest.Version.Number, number)
	}
}

// Advance lets steps end that can, by what the workers have said. Only the newest release
// comes from its canaries to all. changed reports whether a rollout is another than before.
func (s *Rollouts) Advance(workers []WorkerView) (changed bool) {
	newest := s.Newest()
	for i := range s.List {
		r := &s.List[i]
		switch {
		case r.Done || r.Paused || r.Step == StepCanary && r != newest:
			continue
		case !r.Judge(workers).Ends:
			continue
		case r.Step == StepCanary:
			r.Step = StepAll
		default:
			r.Done = true
		}
		changed = true
	}
	return changed
}

// Surplus returns releases that are to be dropped, the first first, so that not more than
// MaxAbove stay above the last that has reached all, nor more than MaxBelow below.
func (s *Rollouts) Surplus() (drop []Version) {
	below, above := 0, 0
	done := s.lastDone()
	for i := range s.List {
		switch c := s.List[i].Version.Compare(done); {
		case c < 0:
			below++
		case c > 0:
			above++
		}
	}
	for _, v := range s.Droppable() {
		switch {
		case v.Compare(done) < 0 && below > MaxBelow:
			below--
		case v.Higher(done) && above > MaxAbove:
			above--
		default:
			continue
		}
		drop = append(drop, v)
	}
	return drop
}

// Droppable returns the releases that can be dropped to make room, the first to go first: those below
// the last that has reached all; those whose place a higher one has taken; those that are paused.
// Never: the last that has reached all, the highest that is for all, the newest unless it is paused.
func (s *Rollouts) Droppable() (drop []Version) {
	done, newest := s.lastDone(), s.Newest()
	var forAll Version
	for i := range s.List {
		if r := &s.List[i]; r.Step == StepAll && !r.Paused {
			forAll = r.Version
		}
	}
	var paused []Version
	for i := range s.List {
		r := &s.List[i]
		switch {
		case r.Version == done || r.Version == forAll:
		case r != newest:
			drop = append(drop, r.Version)
		case r.Paused:
			paused = append(paused, r.Version)
		}
	}
	return append(drop, paused...)
}

// lastDone is the highest release that has reached all workers; zero if none has.
func (s *Rollouts) lastDone() (v Version) {
	for i := range s.List {
		if s.List[i].Done {
			v = s.List[i].Version
		}
	}
	return v
}

// Drop takes a release out.
func (s *Rollouts) Drop(v Version) {
	s.List = slices.DeleteFunc(s.List, func(r Rollout) bool { return r.Version == v })
}

// Check says what is wrong with rollouts that were read from a disk.
func (s *Rollouts) Check() error {
	if len(s.List) > 2*(MaxAbove+MaxBelow)+1 {
		return fmt.Errorf("%d rollouts", len(s.List))
	}
	var before Version
	for i := range s.List {
		r := &s.List[i]
		switch {
		case !r.Version.Higher(before) || r.Version.Number > MaxNumber:
			return errors.New("rollouts that do not rise")
		case r.Step != StepAll && r.Step != StepCanary:
			return fmt.Errorf("the step %q", r.Step)
		}
		if err := r.Plan.Check(); err != nil {
			return err
		}
		before = r.Version
	}
	return nil
}

// Clone returns a copy that shares nothing that changes.
func (s *Rollouts) Clone() Rollouts { return Rollouts{List: slices.Clone(s.List)} }

// join lists names for people.
func join(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
