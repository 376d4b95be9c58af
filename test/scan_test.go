// Real input: trawl finds, place for place, what pyahocorasick finds.

package test

import (
	"os"
	"testing"
)

// scan runs `trawl scan` until it ends.
func scan(t *testing.T, f *fleet, want []byte, stdin string, args ...string) {
	t.Helper()
	out := &comparer{want: want}
	p := startScan(t, f, out, stdin, args...)
	if code := p.wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
	out.check(t)
}

// startScan starts `trawl scan`; stdin, if not empty, is a file whose content
// is fed to it.
func startScan(t *testing.T, f *fleet, out *comparer, stdin string, args ...string) *process {
	t.Helper()
	var text []byte
	if stdin != "" {
		var err error
		if text, err = os.ReadFile(stdin); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, "scan", out, f.command(append([]string{"scan"}, args...)...)...)
	go func() { // ends with the process at the latest
		_, _ = p.stdin.Write(text)
		_ = p.stdin.Close()
	}()
	return p
}

func TestScanFindsWhatAhoCorasickFinds(t *testing.T) {
	t.Parallel()
	c := realInput(t)
	f := newFleet(t, "")
	f.broker(t)
	f.worker(t, "w1", c.words)
	f.worker(t, "w2", c.words)
	f.waitWorkers(t, 2)
	t.Logf("%d files, %d matches", len(c.files), countLines(c.matches))

	fleet := []string{"--broker", f.clients, "--timeout", "60s"}
	for _, test := range []struct {
		name  string
		want  []byte
		stdin string
		args  []string
	}{
		{name: "files over a fleet", want: c.matches, args: append(append(fleet, "--json"), c.files...)},
		{name: "standard input over a fleet", want: c.stdin, stdin: c.all, args: append(fleet, "--json", "-")},
		{name: "counts over a fleet", want: c.counts, args: append(append(fleet, "-c"), c.files...)},
		{name: "files here", want: c.matches, args: append([]string{"-f", c.words, "--json"}, c.files...)},
		{name: "standard input here", want: c.stdin, stdin: c.all, args: []string{"-f", c.words, "--json", "-"}},
		{name: "counts here", want: c.counts, args: append([]string{"-f", c.words, "-c"}, c.files...)},
	} {
		t.Run(test.name, func(t *testing.T) {
			scan(t, f, test.want, test.stdin, test.args...)
		})
	}

	s := f.status(t)
	for _, name := range []string{"w1", "w2"} {
		if w := workerStatus(s, name); w == nil || w.Answered == 0 {
			t.Errorf("%s did nothing: %+v", name, w)
		}
	}
	if s.Broker.Retried != 0 || s.Broker.Pending != 0 {
		t.Errorf("retried %d and pending %d requests, want none", s.Broker.Retried, s.Broker.Pending)
	}
}

// Workers whose answers may hold little: the scan asks again for what was cut.
func TestScanGoesOnWhereAnswersAreCut(t *testing.T) {
	t.Parallel()
	c := realInput(t)
	for _, limits := range []string{"limits: {matches: 300}", "limits: {answer: 4KiB}"} {
		t.Run(limits, func(t *testing.T) {
			f := newFleet(t, limits)
			f.broker(t)
			f.worker(t, "w1", c.words)
			f.waitWorkers(t, 1)
			scan(t, f, c.matches, "", append([]string{"--broker", f.clients, "--timeout", "60s", "--json"}, c.files...)...)
			// Without cuts, a request is 256 KiB.
			if n := f.status(t).Broker.Requests; n < 2*corpusBytes/(256<<10) {
				t.Errorf("only %d requests: nothing was cut", n)
			}
		})
	}
}

func countLines(b []byte) (n int) {
	for _, c := range b {
		if c == '\n' {
			n++
		}
	}
	return n
}
