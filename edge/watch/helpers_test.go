package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trawl/edge/match"
	"trawl/edge/template"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait for something that must happen.
const patience = 20 * time.Second

// eventually waits until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// fixedPacks are packs that do not change.
type fixedPacks map[string]*match.Pack

func (p fixedPacks) Acquire(set string) (*match.Pack, func(), bool) {
	return p[set], func() {}, p[set] != nil
}
func (p fixedPacks) Replace(string, *match.Pack) {}

// wordsHere is a matcher for words, of the rule set default.
func wordsHere(t testing.TB, words ...string) func() (Matcher, error) {
	t.Helper()
	b := match.NewBuilder(match.Options{})
	for _, w := range words {
		if err := b.Add(&match.Rule{Literals: [][]byte{[]byte(w)}}); err != nil {
			t.Fatal(err)
		}
	}
	pack, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return func() (Matcher, error) { return Here(fixedPacks{"default": pack}, []string{"default"}), nil }
}

// memory is a sink that keeps what it gets, once it is let.
type memory struct {
	mu     sync.Mutex
	events []*Event
	fails  func(*Event) error // nil: none
	sends  int
}

func (m *memory) Send(_ context.Context, events []*Event) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sends++
	for i, e := range events {
		if m.fails != nil {
			if err := m.fails(e); err != nil {
				return i, err
			}
		}
		m.events = append(m.events, e)
	}
	return len(events), nil
}
func (m *memory) Preview(e *Event) string { return e.ID }
func (m *memory) Close() error            { return nil }

func (m *memory) got() []*Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]*Event(nil), m.events...)
}

// texts are what matched, in the order of arrival.
func (m *memory) texts() (texts []string) {
	for _, e := range m.got() {
		texts = append(texts, string(e.Text))
	}
	return texts
}

var errAway = errors.New("away")

// lines is a source of lines in batches; it keeps what was acknowledged.
type lines struct {
	text  []string
	size  int // of a batch
	after chan struct{}
	mu    sync.Mutex
	acked int
}

func (l *lines) Run(ctx context.Context, take func(*Batch) error) error {
	for i := 0; i < len(l.text); {
		b := &Batch{}
		for ; i < len(l.text) && len(b.Records) < max(1, l.size); i++ {
			b.Records = append(b.Records, Record{Text: []byte(l.text[i]), Inode: 1, Offset: int64(i)})
		}
		end := i
		b.Ack = func() { l.mu.Lock(); l.acked = end; l.mu.Unlock() }
		if err := take(b); err != nil {
			return err
		}
	}
	if l.after != nil {
		select {
		case <-l.after:
		case <-ctx.Done():
		}
	}
	return nil
}
func (l *lines) Status() SourceStatus { return SourceStatus{} }
func (l *lines) Close() error         { return nil }

func (l *lines) acknowledged() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked
}

func testEvent(i int) *Event {
	return &Event{
		ID: fmt.Sprintf("%032x", i), Time: time.UnixMilli(1700000000000 + int64(i)), Board: "attic", Source: "log", Rules: "default",
		Rule: "ssh", Severity: "high", Tags: []string{"auth", "ban"}, Message: "failed login", Text: []byte("root"),
		Line: []byte("sshd: root failed"), Start: 6, End: 10, Groups: []Group{{"ip", []byte("203.0.113.9")}},
		Labels: map[string]string{"path": "/var/log/auth.log"},
	}
}

func mustParse(t testing.TB, s string) template.Template {
	t.Helper()
	p, err := template.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// logTo is a log that a test can look at.
func logTo(b *lockedBuffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
