// A client made with edge/client that keeps many requests under way, and counts:
// in this process, or in one of its own that can run elsewhere (in a network
// namespace) and is told what to do over its standard input.

package test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"trawl/edge/client"
	"trawl/edge/wire"
)

// hammer asks with several goroutines, each of them one thing after the other.
// No two answers in a row are alike, so that one that is mixed up shows.
type hammer struct {
	client *client.Client
	cancel context.CancelFunc
	asking sync.WaitGroup

	mu      sync.Mutex
	change  sync.Cond
	asked   []int // by goroutine
	had     []int // of them, answered right or wrong
	took    []time.Duration
	wrong   []string
	nWrong  int
	stopped bool
}

// figures is what a hammer has counted.
type figures struct {
	Asked    int      `json:"asked"`
	Answered int      `json:"answered"` // with the right answer
	Wrong    []string `json:"wrong"`    // the first of those that were not, and errors
	NWrong   int      `json:"n_wrong"`
	client.Stats
	Away []string      `json:"away"` // brokers that are not connected, and why
	P50  time.Duration `json:"p50"`
	P99  time.Duration `json:"p99"`
	Most time.Duration `json:"most"`
}

func (f figures) String() string {
	return fmt.Sprintf("asked %d, answered %d, lost or wrong %d; moved to another connection %d, late answers dropped %d; took p50 %v, p99 %v, at most %v",
		f.Asked, f.Answered, f.Asked-f.Answered, f.Moved, f.Stale, f.P50.Round(time.Microsecond), f.P99.Round(10*time.Microsecond), f.Most.Round(time.Millisecond))
}

// hammering says how a hammer asks. With Pause, each goroutine rests between two
// questions: the load is then that of many clients that do not ask all the time.
type hammering struct {
	Brokers           []string
	Spread            bool
	Heartbeat, Settle time.Duration
	InFlight          int
	Padding           int  // bytes more of each text
	Retry             bool // also what two lost workers have had
	Pause             time.Duration
}

// startHammer starts to ask for the rule set of fleet.history.
func startHammer(h hammering) (*hammer, error) {
	c, err := client.New(client.Options{Brokers: h.Brokers, Spread: h.Spread, Heartbeat: h.Heartbeat, Settle: h.Settle})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	a := &hammer{client: c, cancel: cancel, asked: make([]int, h.InFlight), had: make([]int, h.InFlight)}
	a.change.L = &a.mu
	more := strings.Repeat("nothing to find on that page\n", h.Padding/29+1)[:h.Padding]
	for g := range h.InFlight {
		a.asking.Go(func() {
			for n := g; a.begin(g); n++ {
				a.ask(ctx, g, n%7, more, h.Retry)
				time.Sleep(h.Pause)
			}
		})
	}
	return a, nil
}

func (a *hammer) begin(g int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.stopped {
		a.asked[g]++
	}
	return !a.stopped
}

func (a *hammer) ask(ctx context.Context, g, times int, more string, retry bool) {
	r := &client.Request{Header: wire.NewRequestHeader(), Retry: retry}
	r.Header.Deadline, r.Header.Want = time.Minute, wire.WantCount
	r.Texts = [][]byte{[]byte(strings.Repeat(historyText+"\n", times) + more)}
	want, start := fmt.Sprintf(`{"count":%d}`, 3*times), time.Now()
	answer, err := a.client.Do(ctx, r)
	got := ""
	if err == nil {
		got = fmt.Sprintf("%s", answer.Results)
		answer.Release()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err != nil:
		a.note(err.Error())
	case got != "["+want+"]":
		a.note(fmt.Sprintf("got %s, want %s", got, want))
	default:
		a.took = append(a.took, time.Since(start))
	}
	a.had[g]++
	a.change.Broadcast()
}

// note notes what must not happen. a.mu is held.
func (a *hammer) note(what string) {
	if a.nWrong++; len(a.wrong) < 10 {
		a.wrong = append(a.wrong, what)
	}
}

// round waits until each goroutine has got an answer to a question that it asked
// after round was called: what was under way is answered, and there is service.
func (a *hammer) round() {
	a.mu.Lock()
	defer a.mu.Unlock()
	asked := slices.Clone(a.asked)
	for g := range asked {
		for a.had[g] <= asked[g] && !a.stopped {
			a.change.Wait()
		}
	}
}

// figures returns what was counted. It may be called at any time.
func (a *hammer) figures() figures {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := figures{Answered: len(a.took), Wrong: a.wrong, NWrong: a.nWrong, Stats: a.client.Stats()}
	for _, n := range a.asked {
		f.Asked += n
	}
	for _, p := range a.client.Problems() {
		f.Away = append(f.Away, fmt.Sprintf("%s: %v", p.Broker, p.Err))
	}
	if n := len(a.took); n > 0 {
		sorted := slices.Clone(a.took)
		slices.Sort(sorted)
		f.P50, f.P99, f.Most = sorted[n/2], sorted[n*99/100], sorted[n-1]
	}
	return f
}

// finish asks no more, waits for what is under way, and ends.
func (a *hammer) finish() figures {
	a.mu.Lock()
	a.stopped = true
	a.change.Broadcast()
	a.mu.Unlock()
	a.asking.Wait()
	f := a.figures()
	a.kill()
	return f
}

// kill ends at once. It may be called again.
func (a *hammer) kill() {
	a.mu.Lock()
	a.stopped = true
	a.mu.Unlock()
	a.cancel()
	a.asking.Wait()
	_ = a.client.Close()
}

// hammer starts a hammer in this process.
func (f *fleet) hammer(t *testing.T, h hammering) *hammer {
	t.Helper()
	h.Brokers = strings.Split(f.clients, ",")
	a, err := startHammer(h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.kill)
	return a
}

// waitRound is round within the time that a test has.
func (a *hammer) waitRound(t *testing.T) {
	t.Helper()
	done := make(chan struct{})
	go func() { a.round(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * patience):
		t.Fatalf("no answers any more: %v", a.figures())
	}
}

// check holds figures at the end to be good: as many answers as questions.
func (f figures) check(t *testing.T) {
	t.Helper()
	t.Log(f)
	if f.Asked == 0 || f.Answered != f.Asked || f.NWrong > 0 {
		t.Errorf("of %d requests %d were answered right; wrong are %d: %q", f.Asked, f.Answered, f.NWrong, f.Wrong)
	}
	if f.Stale > 0 {
		t.Errorf("%d answers came for requests that had theirs", f.Stale)
	}
}

// ---- in a process of its own ----

// hammerVariable makes the test's binary a hammer; it holds its hammering as JSON.
const hammerVariable = "TRAWL_TEST_HAMMER"

// hammerMain is the process: it does what the lines of its standard input say
// and answers each with a line of figures.
func hammerMain() int {
	var h hammering
	if err := json.Unmarshal([]byte(os.Getenv(hammerVariable)), &h); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	a, err := startHammer(h)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		f := figures{}
		switch lines.Text() {
		case "round":
			a.round()
			f = a.figures()
		case "figures":
			f = a.figures()
		case "finish":
			f = a.finish()
		}
		b, _ := json.Marshal(f)
		fmt.Printf("%s\n", b)
	}
	return 0
}

// remoteHammer is a hammer in a process of its own.
type remoteHammer struct {
	*process
	out  *output
	next int
}

// startRemoteHammer starts one by a command line prefix, such as that of ip netns
// exec.
func startRemoteHammer(t *testing.T, prefix []string, h hammering) *remoteHammer {
	t.Helper()
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := newOutput()
	argv := append(slices.Clone(prefix), "env", hammerVariable+"="+string(b), self)
	return &remoteHammer{process: start(t, "hammer", out, argv...), out: out}
}

// tell says one line and waits for the figures.
func (r *remoteHammer) tell(t *testing.T, what string) (f figures) {
	t.Helper()
	if _, err := fmt.Fprintln(r.stdin, what); err != nil {
		t.Fatalf("hammer: %v", err)
	}
	line, err := r.out.line(r.next, time.Now().Add(2*patience))
	if err == nil {
		err = json.Unmarshal([]byte(line), &f)
	}
	if err != nil {
		t.Fatalf("hammer: no answer to %s: %v", what, err)
	}
	r.next++
	return f
}
