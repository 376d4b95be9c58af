package scan

// The fake of a broker: it matches naively, answers in the real format and
// cuts answers as limits do.

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"go.uber.org/goleak"

	"trawl/edge/client"
	"trawl/edge/match"
	"trawl/worker/results"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testRule is a literal; its id is the literal (as UTF-8), with a '!' behind if
// it is only to match whole words.
type testRule struct {
	literal string
	whole   bool
}

func (r testRule) id() string {
	id := strings.ToValidUTF8(r.literal, "?")
	if r.whole {
		return id + "!"
	}
	return id
}

// fake is an Asker. With limit, an answer to lines holds at most so many
// matches; with roomy, more if they are all in its first line.
type fake struct {
	rules []testRule
	pack  *match.Pack // for the encoder: names the rules
	limit int
	roomy bool

	before     func(ctx context.Context, r *client.Request) error // nil: at once
	incomplete []uint32                                           // named for every line that matches
	requests   atomic.Int64
	texts      atomic.Int64

	mu   sync.Mutex
	most int // requests at once
	now  int
}

// newFake makes rules of words; one that ends in '!' matches whole words.
func newFake(t testing.TB, words ...string) *fake {
	t.Helper()
	f := &fake{}
	b := match.NewBuilder(match.Options{})
	for _, w := range words {
		r := testRule{strings.TrimSuffix(w, "!"), strings.HasSuffix(w, "!")}
		f.rules = append(f.rules, r)
		if err := b.Add(&match.Rule{ID: r.id(), Literals: [][]byte{[]byte(r.literal)}, Whole: r.whole}); err != nil {
			t.Fatal(err)
		}
	}
	pack, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	f.pack = pack
	return f
}

func (f *fake) Do(ctx context.Context, r *client.Request) (*client.Answer, error) {
	f.requests.Add(1)
	f.texts.Add(int64(len(r.Texts)))
	f.count(1)
	defer f.count(-1)
	if f.before != nil {
		if err := f.before(ctx, r); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var e results.Encoder
	e.Reset(f.pack, &r.Header, 4<<20)
	a := &client.Answer{}
	left := f.limit
	for _, text := range r.Texts {
		if r.Header.Lines {
			a.Results = append(a.Results, f.lines(&e, text, &left))
		} else {
			matches := naive(f.rules, text)
			a.Results = append(a.Results, e.Text(nil, text, &match.Result{Matches: matches, Any: len(matches) > 0}))
		}
	}
	return a, nil
}

func (f *fake) lines(e *results.Encoder, block []byte, left *int) []byte {
	dst, offset, total := e.BeginLines(nil), 0, match.Result{}
	for i, text := range bytes.SplitAfter(block, newline) {
		trimmed := bytes.TrimSuffix(text, newline)
		l := match.Line{Number: int64(i + 1), Offset: int64(offset), Length: int64(len(trimmed))}
		offset += len(text)
		l.Matches = naive(f.rules, trimmed)
		if l.Any = len(l.Matches) > 0; !l.Any {
			continue
		}
		l.Incomplete = f.incomplete
		if f.limit > 0 {
			if *left == 0 {
				total.Truncated = true
				break
			}
			if f.roomy && *left == f.limit {
				*left = max(*left, len(l.Matches))
			}
			if len(l.Matches) > *left {
				l.Matches, l.Truncated, total.Truncated = l.Matches[:*left], true, true
			}
			*left -= len(l.Matches)
		}
		dst = e.Line(dst, trimmed, &l)
	}
	return e.EndLines(dst, &total)
}

func (f *fake) count(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now += n
	f.most = max(f.most, f.now)
}

// naive is the oracle: all matches in the order end, start, rule.
func naive(rules []testRule, text []byte) []match.Match {
	var all []match.Match
	for rule, r := range rules {
		for start := range text {
			end := start + len(r.literal)
			if bytes.HasPrefix(text[start:], []byte(r.literal)) && (!r.whole || isWhole(text, start, end)) {
				all = append(all, match.Match{Start: int64(start), End: int64(end), Rule: uint32(rule)})
			}
		}
	}
	slices.SortFunc(all, func(a, b match.Match) int {
		return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start), cmp.Compare(a.Rule, b.Rule))
	})
	return all
}

func isWhole(text []byte, start, end int) bool {
	before, _ := utf8.DecodeLastRune(text[:start])
	after, _ := utf8.DecodeRune(text[end:])
	word := func(r rune) bool {
		return r != utf8.RuneError && (r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r))
	}
	return !word(before) && !word(after)
}

// real is an Asker that matches with a pack, as a worker does.
type real struct{ pack *match.Pack }

func (a real) Do(_ context.Context, r *client.Request) (*client.Answer, error) {
	var e results.Encoder
	e.Reset(a.pack, &r.Header, 4<<20)
	s, q := a.pack.NewScratch(), match.Query{Want: results.MatchWant(r.Header.Want), Total: 1_000_000}
	answer := &client.Answer{}
	for _, text := range r.Texts {
		var dst []byte
		if r.Header.Lines {
			dst = e.BeginLines(nil)
			total := a.pack.ScanLines(s, text, q, func(l *match.Line) bool {
				dst = e.Line(dst, text[l.Offset:l.Offset+l.Length], l)
				return !e.Full()
			})
			total.Truncated = total.Truncated || e.Full()
			dst = e.EndLines(dst, &total)
		} else {
			result := a.pack.Scan(s, text, q)
			dst = e.Text(nil, text, &result)
		}
		answer.Results = append(answer.Results, dst)
	}
	return answer, nil
}

// outcome is what a run gave.
type outcome struct {
	sum         Summary
	matched     bool
	err         error
	out, errOut string
}

func runScan(t testing.TB, asker Asker, stdin string, o Options, paths ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var out, errOut bytes.Buffer
	sum, matched, err := Run(ctx, asker, paths, o, strings.NewReader(stdin), &out, &errOut)
	return outcome{sum, matched, err, out.String(), errOut.String()}
}
