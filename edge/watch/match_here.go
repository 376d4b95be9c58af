package watch

// Matching in this process.

import (
	"context"
	"fmt"
	"runtime/debug"

	"trawl/edge/escape"
	"trawl/edge/match"
)

// Packs are rule sets that may be loaded again while they are used.
type Packs interface {
	// Acquire returns the pack of a rule set as it is now; release is called when it is
	// not used any more.
	Acquire(set string) (pack *match.Pack, release func(), ok bool)
	// Replace opens a pack anew whose file cannot be read any more.
	Replace(set string, lost *match.Pack)
}

// here matches with packs. A text is matched by the old pack of a rule set or by the new
// one.
type here struct {
	packs   Packs
	sets    []string
	scratch match.Scratch
	metas   map[string]*metas // by rule set
}

// metas keeps what rules say about their matches: a pack makes it anew for each call.
type metas struct {
	pack  *match.Pack // that the others are of
	metas map[uint32]match.Meta
}

// maxMetas bounds how many rules of a set are kept so; then they are forgotten.
const maxMetas = 4096

// Here returns a matcher that uses the packs of the named rule sets.
func Here(packs Packs, sets []string) Matcher {
	return &here{packs: packs, sets: sets, metas: make(map[string]*metas)}
}

func (h *here) Match(ctx context.Context, texts [][]byte, each func(int, *Match)) (u Unsure, err error) {
	for _, set := range h.sets {
		more, err := h.matchSet(ctx, set, texts, each)
		u.add(more)
		if err != nil {
			return u, err
		}
	}
	return u, nil
}

func (h *here) matchSet(ctx context.Context, set string, texts [][]byte, each func(int, *Match)) (u Unsure, err error) {
	pack, release, ok := h.packs.Acquire(set)
	if !ok {
		return u, escape.Errorf("the rule set %s cannot be read; the log says why", set)
	}
	defer release()
	if !pack.Supports(match.WantMatches) {
		return u, escape.Errorf("the rule set %s is for the engine %s, which does not tell where matches are; compile it for another one", set, pack.Info().Engine)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		if !pack.IsFault(fault) {
			panic(fault)
		}
		h.scratch = match.Scratch{}
		h.packs.Replace(set, pack)
		err = fmt.Errorf("the pack of the rule set %s cannot be read any more; it is opened anew", set)
	}()
	query := match.Query{Limit: maxMatches, Stop: func() bool { return ctx.Err() != nil }}
	m := Match{Rules: set}
	result := pack.ScanTexts(&h.scratch, texts, query, func(i int, r *match.Result) bool {
		if r.Truncated {
			u.Truncated++
		}
		if len(r.Incomplete) > 0 {
			u.Incomplete++
		}
		for _, found := range r.Matches {
			meta := h.meta(set, pack, found.Rule)
			m.Rule = string(pack.MatchID(found, texts[i]))
			m.Severity, m.Message, m.Tags = meta.Severity, meta.Message, meta.Tags
			m.Start, m.End = found.Start, found.End
			each(i, &m)
		}
		return true
	})
	if result.Stopped {
		return u, ctx.Err()
	}
	return u, nil
}

func (h *here) meta(set string, pack *match.Pack, rule uint32) match.Meta {
	of := h.metas[set]
	if of == nil || of.pack != pack {
		of = &metas{pack: pack, metas: make(map[uint32]match.Meta)}
		h.metas[set] = of
	}
	meta, known := of.metas[rule]
	if !known {
		if len(of.metas) >= maxMetas {
			clear(of.metas)
		}
		meta = pack.Meta(int(rule))
		of.metas[rule] = meta
	}
	return meta
}

// Close: the packs are their owner's.
func (h *here) Close() error { return nil }
