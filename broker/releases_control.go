package broker

// Control requests about releases: pushes, steps, and the question what there is.

import (
	"errors"

	"trawl/edge/release"
	"trawl/edge/release/brokerstore"
	"trawl/edge/wire"
)

// isReleasesOp reports whether op is about releases.
func isReleasesOp(op wire.Op) bool {
	switch op {
	case wire.OpRulesHave, wire.OpRulesPut, wire.OpRulesRelease, wire.OpRulesReleases, wire.OpRulesGo, wire.OpRulesPause, wire.OpRulesRetry:
		return true
	}
	return false
}

// perform does what a control request asks for; frames are those behind the header, which hold until
// the request is recycled.
func (r *releases) perform(op wire.Op, frames [][]byte) ([]byte, *wire.Error) {
	takes := map[wire.Op]int{wire.OpRulesPut: 2, wire.OpRulesRelease: 3}[op]
	if takes = max(1, takes); len(frames) != takes {
		return nil, wire.Errorf(wire.BadRequest, "%s takes %d frames behind the header, not %d", op, takes, len(frames))
	}
	body, err := r.does(op, frames)
	switch {
	case err == nil:
		return body, nil
	case errors.Is(err, brokerstore.ErrBusy):
		return nil, wire.Errorf(wire.Busy, "%v", err)
	}
	return nil, wire.Errorf(wire.BadRequest, "%v", err)
}

func (r *releases) does(op wire.Op, frames [][]byte) ([]byte, error) {
	if op == wire.OpRulesReleases {
		q, err := wire.ParseReleasesQuery(frames[0])
		if err != nil {
			return nil, err
		}
		return wire.JSONFrame(r.status(q)), nil
	}
	store, err := r.openStore()
	if err != nil {
		return nil, err
	}
	done := []byte("{}")
	switch op {
	case wire.OpRulesHave:
		return have(store, frames[0])
	case wire.OpRulesPut:
		if len(frames[0]) != len(release.Hash{}) {
			return nil, errors.New("rules.put takes a SHA-256 of 32 bytes")
		}
		return done, store.Put(release.Hash(frames[0]), frames[1])
	case wire.OpRulesRelease:
		done, err = r.take(store, frames)
	default:
		err = move(store, op, frames[0])
	}
	if err == nil {
		r.look()
	}
	return done, err
}

// have says which chunks of a release are missing, and reserves room for them.
func have(store *brokerstore.Store, document []byte) ([]byte, error) {
	rel, err := release.Parse(document, nil)
	if err != nil {
		return nil, err
	}
	missing, err := store.Begin(rel)
	if err != nil {
		return nil, err
	}
	hashes := make([][32]byte, len(missing))
	for i, c := range missing {
		hashes[i] = c.Hash
	}
	return wire.HashesFrame(hashes), nil
}

// take takes a release whose chunks are here.
func (r *releases) take(store *brokerstore.Store, frames [][]byte) ([]byte, error) {
	plan, err := wire.ParsePlan(frames[0])
	if err != nil {
		return nil, err
	}
	rel, err := release.Parse(frames[1], frames[2])
	if err != nil {
		return nil, err
	}
	if err := store.Commit(rel, plan); err != nil {
		return nil, err
	}
	r.log.Info("release pushed", "set", rel.Set, "release", rel.Number, "by", rel.By, "canaries", plan.Canaries)
	return wire.JSONFrame(&wire.ReleaseTarget{Set: rel.Set, Number: rel.Number}), nil
}

// move ends, pauses or retries a step.
func move(store *brokerstore.Store, op wire.Op, frame []byte) error {
	t, err := wire.ParseReleaseTarget(frame)
	if err != nil {
		return err
	}
	return store.Update(t.Set, func(r *release.Rollouts) (bool, error) {
		switch op {
		case wire.OpRulesGo:
			return true, r.Go(t.Number)
		case wire.OpRulesPause:
			return true, r.Pause(t.Number)
		}
		return true, r.Retry(t.Number, t.Retry)
	})
}
