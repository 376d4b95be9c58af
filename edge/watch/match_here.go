package watch

// Matching in this process.

import (
	"context"
	"fmt"
	"runtime/debug"

	"trawl/edge/escape"
	"trawl/edge/match"
)

// Packs are rule sets that may be loaded again while in use.
type Packs interface {
	// Acquire returns the current pack of a rule set; call release when the pack is
	// not used any more.
	Acquire(set string) (pack *match.Pack, release func(), ok bool)
	// Replace opens a pack anew after its file has become unreadable.
	Replace(set string, lost *match.Pack)
}

// here matches with packs. After a reload, new batches are matched by the new pack.
type here struct {
	packs   Packs
	sets    []string
	scratch match.Scratch
	metas   map[string]*metas // by rule set
}

// metas caches the metadata of rules: a pack decodes it anew for each call.
type metas struct {
	pack  *match.Pack // of the rules
	metas map[uint32]match.Meta
}

// maxMetas bounds the cached rules of a set; a full cache is emptied.
const maxMetas = 4096

// Here returns a matcher with the packs of the named rule sets.
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

// Close does nothing: the packs belong to the caller of Here.
func (h *here) Close() error { return nil }
