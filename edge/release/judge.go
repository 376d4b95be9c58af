package release

// Judging a step: whether the workers that a release was given to are content.

import (
	"slices"
	"strings"
	"time"

	"trawl/edge/escape"
	"trawl/edge/wire"
)

// WorkerView is what a broker knows of a connected worker that takes releases of a rule set.
type WorkerView struct {
	Name      string
	Active    Version       // the release in use; zero: none
	ActiveFor time.Duration // for how long the broker has seen that

	// What the worker has said last, and of which release.
	Reported Version
	State    wire.OutcomeState
	Error    string

	// GivenUp is the id of a regex that is given up on with the release in use, and was not
	// with the one before; empty: none.
	GivenUp string
}

// Verdict says whether a step has ended, or what keeps it.
type Verdict struct {
	Ends    bool
	Hold    string   // a fault, for people: the step will not end by itself; empty: none
	Waiting []string // workers that are not there yet, or not for long enough
	Absent  []string // canaries that are not connected to this broker
}

// Judge looks at the workers of the rollout's step: the canaries, or all. The step ends when
// at least one is connected, and all of the connected have used the release for the time of the plan without
// a fault. A worker with a higher release has passed by: for the step to all that will do, but
// nobody has tried the release then, so canaries with a higher one hold their step.
func (r *Rollout) Judge(workers []WorkerView) Verdict {
	var v Verdict
	if r.Step == StepCanary {
		for _, name := range r.Plan.Canaries {
			if !slices.ContainsFunc(workers, func(w WorkerView) bool { return w.Name == name }) {
				v.Absent = append(v.Absent, name)
			}
		}
	}
	concerned := 0
	for i := range workers {
		w := &workers[i]
		if r.Step == StepCanary && !slices.Contains(r.Plan.Canaries, w.Name) {
			continue
		}
		concerned++
		if fault := r.fault(w); fault != "" && v.Hold == "" {
			v.Hold = fault
		}
		if !w.Active.Higher(r.Version) && (w.Active != r.Version || w.ActiveFor < r.Plan.For()) {
			v.Waiting = append(v.Waiting, w.Name)
		}
	}
	switch {
	case r.Paused:
		v.Hold = "paused: trawl rules go ends the step"
	case v.Hold != "":
	case concerned == 0 && r.Step == StepCanary:
		v.Hold = "no canary is connected: " + join(v.Absent)
	case concerned == 0:
		v.Hold = "no worker that takes releases of the rule set is connected"
	default:
		v.Ends = len(v.Waiting) == 0
	}
	return v
}

// fault says what is wrong at a worker with the release; empty: nothing.
func (r *Rollout) fault(w *WorkerView) string {
	if w.Reported == r.Version {
		switch w.State {
		case wire.StateRefused, wire.StateFailed, wire.StateCrashed:
			return escape.Sprintf("%s %s: %s", w.Name, string(w.State), w.Error)
		}
	}
	if r.Step == StepCanary && w.Active.Higher(r.Version) {
		return escape.Sprintf("%s has release %d already, from another broker: push that one here, too", w.Name, w.Active.Number)
	}
	if w.Active == r.Version && w.GivenUp != "" {
		return escape.Sprintf("%s gives up on the regex %q, which it did not with the release before", w.Name, w.GivenUp)
	}
	return ""
}

// Describe says for people what keeps a step; empty: nothing.
func (v Verdict) Describe() string {
	text := v.Hold
	if text == "" && len(v.Waiting) > 0 {
		text = "waits for " + join(v.Waiting)
	}
	if len(v.Absent) > 0 && !strings.Contains(text, "no canary") {
		text = strings.TrimPrefix(text+"; canaries that are not connected here: "+join(v.Absent), "; ")
	}
	return escape.Line(text)
}
