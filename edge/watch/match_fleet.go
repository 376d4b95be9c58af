package watch

// Matching by a fleet: each record is a text of a request, so that records of several lines
// are matched as a whole.

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"trawl/edge/client"
	"trawl/edge/wire"
)

// Asker is a client.Client, or a stand-in for tests.
type Asker interface {
	Do(ctx context.Context, r *client.Request) (*client.Answer, error)
}

// maxRequest bounds the texts of a request, in bytes, far below the limits of brokers.
// A single record may be larger.
const maxRequest = 1 << 20

// fleet asks brokers. The client asks busy brokers again until the timeout.
type fleet struct {
	asker  Asker
	header wire.RequestHeader
	sets   []string
}

// Fleet returns a matcher that asks brokers about the named rule sets.
func Fleet(asker Asker, sets []string, timeout time.Duration) Matcher {
	h := wire.NewRequestHeader()
	h.Limit = maxMatches
	h.Fields = wire.FieldTags | wire.FieldSeverity | wire.FieldMessage
	if timeout > 0 {
		h.Deadline = timeout
	}
	return &fleet{asker: asker, header: h, sets: sets}
}

func (f *fleet) Match(ctx context.Context, texts [][]byte, each func(int, *Match)) (u Unsure, err error) {
	for _, set := range f.sets {
		for from := 0; from < len(texts); {
			to, size := from+1, len(texts[from])
			for to < len(texts) && size+len(texts[to]) <= maxRequest {
				size += len(texts[to])
				to++
			}
			if err := f.ask(ctx, set, texts[from:to], from, each, &u); err != nil {
				return u, err
			}
			from = to
		}
	}
	return u, nil
}

// ask asks about texts, which begin with number first. Texts that are too large for a broker
// are asked about in halves.
func (f *fleet) ask(ctx context.Context, set string, texts [][]byte, first int, each func(int, *Match), u *Unsure) error {
	h := f.header
	h.Rules = set
	a, err := f.asker.Do(ctx, &client.Request{Header: h, Texts: texts, Retry: true})
	var coded *wire.Error
	if errors.As(err, &coded) && coded.Code == wire.TooLarge {
		if len(texts) == 1 {
			u.Refused++
			return nil
		}
		half := len(texts) / 2
		if err := f.ask(ctx, set, texts[:half], first, each, u); err != nil {
			return err
		}
		return f.ask(ctx, set, texts[half:], first+half, each, u)
	}
	if err != nil {
		return err
	}
	defer a.Release()
	if len(a.Results) != len(texts) {
		return fmt.Errorf("the answer has %d results for %d texts; are broker and workers of the same version as this trawl?", len(a.Results), len(texts))
	}
	for i, result := range a.Results {
		if err := readResult(result, set, first+i, int64(len(texts[i])), each, u); err != nil {
			return err
		}
	}
	return nil
}

// result is a worker's result for one text.
type result struct {
	Matches []struct {
		Rule       *string
		Start, End int64
		Tags       []string
		Severity   string
		Message    string
		Groups     map[string]string
		GroupsB64  map[string]string `json:"groups_b64"`
	}
	Truncated  bool
	Incomplete []string
}

var nothing = `{"matches":[]}`

func readResult(data []byte, set string, text int, size int64, each func(int, *Match), u *Unsure) error {
	if string(data) == nothing {
		return nil
	}
	var r result
	if err := json.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("a result that is none (%w); are broker and workers of the same version as this trawl?", err)
	}
	if r.Truncated {
		u.Truncated++
	}
	if len(r.Incomplete) > 0 {
		u.Incomplete++
	}
	for i := range r.Matches {
		j := &r.Matches[i]
		if j.Rule == nil || j.Start < 0 || j.Start > j.End || j.End > size {
			return errors.New("a result with places outside of its text; are broker and workers of the same version as this trawl?")
		}
		m := Match{Rules: set, Rule: *j.Rule, Severity: j.Severity, Message: j.Message, Tags: j.Tags, Start: j.Start, End: j.End}
		for name, value := range j.Groups {
			m.Groups = append(m.Groups, Group{name, []byte(value)})
		}
		for name, value := range j.GroupsB64 {
			decoded, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				return fmt.Errorf("a group that is no base64: %w", err)
			}
			m.Groups = append(m.Groups, Group{name, decoded})
		}
		sortGroups(m.Groups)
		each(text, &m)
	}
	return nil
}

func (f *fleet) Close() error { return nil }
