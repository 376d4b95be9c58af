package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"trawl/edge/template"
)

func TestPrinterPrintsAsScan(t *testing.T) {
	record := func(i int, rule, line string, n uint64) *Event {
		e := testEvent(i)
		e.Rule, e.Line, e.record = rule, []byte(line), n
		return e
	}
	sum := record(5, "d", "again", 9)
	sum.Count, sum.Suppressed = 10, 9
	events := []*Event{record(1, "a", "one", 1), record(2, "b", "one", 1), record(3, "a", "one", 1), record(4, "c", "two\nlines\x1b", 2), sum}
	for _, c := range []struct {
		o    PrintOptions
		want string
	}{
		{PrintOptions{}, "a,b: one\nc: two\nlines\x1b\nd: again (and 8 more like it)\n"},
		{PrintOptions{Names: true, Terminal: true}, "/var/log/auth.log: a,b: one\n/var/log/auth.log: c: two\nlines\\x1b\n/var/log/auth.log: d: again (and 8 more like it)\n"},
		{PrintOptions{Color: true}, "\x1b[1;31ma\x1b[m,\x1b[1;31mb\x1b[m: one\n\x1b[1;31mc\x1b[m: two\nlines\x1b\n\x1b[1;31md\x1b[m: again (and 8 more like it)\n"},
	} {
		var b bytes.Buffer
		if n, err := NewPrinter(&b, c.o, nil).Send(t.Context(), events); n != 5 || err != nil {
			t.Fatal(n, err)
		}
		if b.String() != c.want {
			t.Errorf("%+v: %q", c.o, b.String())
		}
	}
	var b bytes.Buffer
	_, _ = NewPrinter(&b, PrintOptions{JSON: true}, nil).Send(t.Context(), events)
	if n := strings.Count(b.String(), "\n"); n != 5 || !strings.HasPrefix(b.String(), `{"id":`) {
		t.Errorf("%q", b.String())
	}
}

// The end of a pipe's reader ends the watch.
func TestPrinterReaderGone(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	gone := 0
	p := NewPrinter(w, PrintOptions{}, func() { gone++ })
	for range 2 {
		if _, err := p.Send(t.Context(), []*Event{testEvent(1)}); !errors.Is(err, ErrReaderGone) {
			t.Error(err)
		}
	}
	if gone != 1 {
		t.Error(gone)
	}
}

func TestJSONFileFollowsRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	j := NewJSONFile(path, true)
	defer j.Close()
	send := func(i int) {
		t.Helper()
		if n, err := j.Send(t.Context(), []*Event{testEvent(i)}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	send(1)
	send(2)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	send(3)
	old, _ := os.ReadFile(path + ".1")
	now, _ := os.ReadFile(path)
	if bytes.Count(old, []byte("\n")) != 2 || bytes.Count(now, []byte("\n")) != 1 || !bytes.Contains(now, []byte(testEvent(3).ID)) {
		t.Errorf("%s\n--\n%s", old, now)
	}
	if info, _ := os.Stat(path); info.Mode().Perm()&0o007 != 0 {
		t.Errorf("others can read it: %v", info.Mode())
	}
}

func TestJSONFileRefusesOthers(t *testing.T) {
	j := NewJSONFile(t.TempDir(), false)
	if _, err := j.Send(t.Context(), []*Event{testEvent(1)}); err == nil {
		t.Error("a folder was taken")
	}
	j = NewJSONFile("/dev/null", false)
	defer j.Close()
	if _, err := j.Send(t.Context(), []*Event{testEvent(1)}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
}

// hook is a server that keeps requests and answers as it is told.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	heads  []http.Header
	urls   []string
	answer func(w http.ResponseWriter, r *http.Request)
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		h.bodies, h.heads, h.urls = append(h.bodies, string(body)), append(h.heads, r.Header), append(h.urls, r.URL.String())
		answer := h.answer
		h.mu.Unlock()
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) got() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.bodies...)
}

func openHook(t *testing.T, o WebhookOptions) *Webhook {
	t.Helper()
	w, err := NewWebhook(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func secretFile(t *testing.T, secret string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(secret), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWebhookFormats(t *testing.T) {
	h := newHook(t)
	token := secretFile(t, "tk_x\n", 0o600)
	text := mustParse(t, "{board}: {message}\n{line}")
	for _, format := range []string{"json", "ntfy", "slack"} {
		w := openHook(t, WebhookOptions{
			Format: format, URL: mustParse(t, h.URL+"/{rule}?q={text}"), Text: text, Title: mustParse(t, "{rule} on {board}"),
			Headers: []Header{{"X-Tags", mustParse(t, "{tags}")}}, TokenFile: token,
		})
		if n, err := w.Send(t.Context(), []*Event{testEvent(1), testEvent(2)}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	bodies := h.got()
	if e, err := parseEvent([]byte(bodies[0])); err != nil || e.ID != testEvent(1).ID || len(e.Line) > 0 {
		t.Errorf("json: %s", bodies[0])
	}
	if bodies[1] != "attic: failed login\nsshd: root failed" {
		t.Errorf("ntfy: %q", bodies[1])
	}
	if head := h.heads[1]; head.Get("Title") != "ssh on attic" || head.Get("Priority") != "4" || head.Get("X-Tags") != "auth,ban" || head.Get("Authorization") != "Bearer tk_x" {
		t.Errorf("ntfy: %v", head)
	}
	if bodies[2] != `{"text":"attic: failed login\nsshd: root failed"}` {
		t.Errorf("slack: %q", bodies[2])
	}
	if h.urls[0] != "/ssh?q=root" {
		t.Error(h.urls)
	}
}

// Which statuses drop an event, and which mean that the sink is away.
func TestWebhookStatuses(t *testing.T) {
	h := newHook(t)
	w := openHook(t, WebhookOptions{Format: "json", URL: mustParse(t, h.URL)})
	for _, c := range []struct {
		code    int
		head    string
		refused bool
		after   time.Duration
		says    string
	}{
		{code: 400, refused: true},
		{code: 413, refused: true},
		{code: 422, refused: true},
		{code: 401, says: "token"},
		{code: 403, says: "token"},
		{code: 404, says: "address"},
		{code: 408},
		{code: 429, head: "17", after: 17 * time.Second},
		{code: 500},
		{code: 503, head: "Wed, 21 Oct 2015 07:28:00 GMT", after: 2 * time.Minute},
		{code: 301, says: "redirects are not followed"},
		{code: 307, says: "http://elsewhere/"},
	} {
		h.mu.Lock()
		h.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://elsewhere/")
			w.Header().Set("Date", "Wed, 21 Oct 2015 07:26:00 GMT") // whatever our clock says
			if c.head != "" {
				w.Header().Set("Retry-After", c.head)
			}
			w.WriteHeader(c.code)
		}
		h.mu.Unlock()
		n, err := w.Send(t.Context(), []*Event{testEvent(1)})
		var refused *RefusedError
		var away *AwayError
		if n != 0 || err == nil || errors.As(err, &refused) != c.refused || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d: %d, %v", c.code, n, err)
		}
		if errors.As(err, &away) && away.After != c.after {
			t.Errorf("%d: after %v", c.code, away.After)
		}
	}
	if n := len(h.got()); n != 12 {
		t.Errorf("%d requests: a redirect was followed", n)
	}
}

// Nobody there, nobody who answers, and no address in the message, which may be a secret.
func TestWebhookAway(t *testing.T) {
	h := newHook(t)
	url := h.URL
	h.Close()
	w := openHook(t, WebhookOptions{Format: "json", URL: mustParse(t, url+"/services/SECRET")})
	if _, err := w.Send(t.Context(), []*Event{testEvent(1)}); err == nil || strings.Contains(err.Error(), "SECRET") {
		t.Error(err)
	}
	slow := newHook(t)
	block := make(chan struct{})
	slow.answer = func(http.ResponseWriter, *http.Request) { <-block }
	w = openHook(t, WebhookOptions{Format: "json", URL: mustParse(t, slow.URL), Timeout: 50 * time.Millisecond})
	if _, err := w.Send(t.Context(), []*Event{testEvent(1)}); err == nil {
		t.Error("no timeout")
	}
	close(block)
}

// A server whose certificate nobody vouches for gets nothing.
func TestWebhookChecksCertificates(t *testing.T) {
	asked := false
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer s.Close()
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	w := openHook(t, WebhookOptions{Format: "json", URL: mustParse(t, s.URL)})
	if _, err := w.Send(t.Context(), []*Event{testEvent(1)}); err == nil || !strings.Contains(err.Error(), "certificate") || asked {
		t.Error(err, asked)
	}
}

func TestSecretsAreSecret(t *testing.T) {
	if _, err := Secret(secretFile(t, "x", 0o604)); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Error(err)
	}
	for _, bad := range []string{"", "\n", "a\nb", "a\x00b"} {
		if _, err := Secret(secretFile(t, bad, 0o600)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if s, err := Secret(secretFile(t, "  x y\n", 0o640)); err != nil || s != "x y" {
		t.Error(s, err)
	}
}

// hostileValues are what a log may hold for each sink to stumble over.
var hostileValues = []string{
	"`reboot`", "$(reboot)", "; rm -rf /", "| nc evil 1", "&& true", "-rf", "--help", "'\"", "a\x00b", "\\",
	"\r\nX-Evil: 1", "\n\nbody", "a: b\r\n", "=?utf-8?q?x?=", "../../etc/passwd", "/absolute", "?a=b&c=d#e", "%2e%2e%2f", "http://evil/", "@evil.example",
	"a/b/+/#", "+", "#", "$SYS/broker", "topic\x00", "{text}", "{{rule}}", "\x1b[2J\x1b]0;x\x07", "\u202egnp.exe", "\u009b31m",
	"\"}, {\"a\":\"", "\\u0000", "\xff\xfe\xfd", "<!channel> @everyone", "<https://evil|click>", "…" + strings.Repeat("long ", 5000),
}

// Whatever a log line holds: it stays one argument, one header, one part of an address,
// one level of a topic, one JSON string, and shows on a terminal without being obeyed.
func TestHostileLines(t *testing.T) {
	h := newHook(t)
	dir := t.TempDir()
	program := filepath.Join(dir, "args")
	out := filepath.Join(dir, "out")
	script := "#!/bin/sh\nprintf '%s\\n' \"$#\" >" + out + "\nfor a; do printf '%s\\000' \"$a\" >>" + out + "; done\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	ntfy := openHook(t, WebhookOptions{
		Format: "ntfy", URL: mustParse(t, h.URL+"/x/{text}/y?z={text}"), Text: mustParse(t, "{text}"), Title: mustParse(t, "{text}"),
		Headers: []Header{{"X-Text", mustParse(t, "a {text} b")}},
	})
	slack := openHook(t, WebhookOptions{Format: "slack", URL: mustParse(t, h.URL), Text: mustParse(t, "{text}")})
	run := NewExec([]template.Template{mustParse(t, program), mustParse(t, "fixed"), mustParse(t, "{text}")}, 0, false)
	publish := &MQTTSink{o: MQTTOptions{Topic: mustParse(t, "trawl/{text}/{rule}")}}
	for _, value := range hostileValues {
		e := testEvent(1)
		e.Text, e.Line = []byte(value), []byte(value)
		if _, err := ntfy.Send(t.Context(), []*Event{e}); err != nil {
			t.Errorf("%.20q: %v", value, err)
			continue
		}
		if _, err := slack.Send(t.Context(), []*Event{e}); err != nil {
			t.Errorf("%.20q: %v", value, err)
		}
		h.mu.Lock()
		n := len(h.urls)
		address, head, body, note := h.urls[n-2], h.heads[n-2], h.bodies[n-2], h.bodies[n-1]
		h.mu.Unlock()
		path, _, _ := strings.Cut(address, "?")
		if strings.Count(path, "/") != 3 || !strings.HasPrefix(path, "/x/") || !strings.HasSuffix(path, "/y") || strings.Count(address, "?") != 1 || strings.Contains(address, "&") {
			t.Errorf("%.20q: address %q", value, address)
		}
		if head.Get("X-Evil") != "" || len(head["X-Text"]) != 1 {
			t.Errorf("%.20q: %v", value, head)
		}
		if title, err := new(mime.WordDecoder).DecodeHeader(head.Get("X-Text")); err != nil || !strings.HasPrefix(title, "a ") || len(title) > maxHeader+10 {
			t.Errorf("%.20q: header %.30q, %v", value, title, err)
		}
		if hides(body) || len(body) > maxNtfy {
			t.Errorf("%.20q: body %.40q", value, body)
		}
		var message struct{ Text string }
		if err := json.Unmarshal([]byte(note), &message); err != nil || strings.ContainsAny(message.Text, "<>") || strings.Contains(message.Text, "@e") || hides(message.Text) {
			t.Errorf("%.20q: slack %.60q, %v", value, note, err)
		}
		if topic, err := publish.topic(e); err != nil || strings.Count(topic, "/") != 2 || strings.ContainsAny(topic, "+#\x00") || !utf8.ValidString(topic) {
			t.Errorf("%.20q: topic %q, %v", value, topic, err)
		}
		if data := e.AppendJSON(nil, true); !json.Valid(data) || hides(string(data)) {
			t.Errorf("%.20q: %s", value, data)
		}
		var shown bytes.Buffer
		_, _ = NewPrinter(&shown, PrintOptions{Terminal: true}, nil).Send(t.Context(), []*Event{e})
		if hides(shown.String()) {
			t.Errorf("%.20q: printed %q", value, shown.String())
		}
		_ = os.Remove(out)
		_, err := run.Send(t.Context(), []*Event{e})
		got, _ := os.ReadFile(out)
		want := "2\nfixed\x00" + strings.ReplaceAll(value, "\x00", "\ufffd") + "\x00"
		var refused *RefusedError
		switch {
		case strings.HasPrefix(value, "-") || len(value) > maxArgument:
			if !errors.As(err, &refused) || got != nil {
				t.Errorf("%.20q: %v, %q", value, err, got)
			}
		case err != nil || string(got) != want:
			t.Errorf("%.20q: %v, %q", value, err, got)
		}
	}
}

// hides reports whether s holds what a terminal obeys or hides, but for line breaks, tabs
// and the space that takes the sting out of an @.
func hides(s string) bool {
	for _, r := range s {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == utf8.RuneError && !strings.Contains(s, "\ufffd") {
			return true
		}
	}
	return !utf8.ValidString(s)
}

func scriptFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// A program gets the event on its input, a clean environment, and no more than its time.
func TestExecRuns(t *testing.T) {
	t.Setenv("TRAWL_SECRET", "x")
	out := filepath.Join(t.TempDir(), "out")
	x := NewExec([]template.Template{mustParse(t, scriptFile(t, "pwd >"+out+"; env | sort >>"+out+"; cat >>"+out)), mustParse(t, "{groups.ip}")}, 0, true)
	if n, err := x.Send(t.Context(), []*Event{testEvent(1)}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	got, _ := os.ReadFile(out)
	if !bytes.HasPrefix(got, []byte("/\n")) || bytes.Contains(got, []byte("TRAWL_SECRET")) || !bytes.Contains(got, []byte(`"line":"sshd: root failed"`)) {
		t.Errorf("%s", got)
	}
	e := testEvent(2)
	e.Groups = nil
	var refused *RefusedError
	if _, err := x.Send(t.Context(), []*Event{e}); !errors.As(err, &refused) || !strings.Contains(err.Error(), "{groups.ip}") {
		t.Error(err)
	}
}

func TestExecGivesUpAfterThree(t *testing.T) {
	x := NewExec([]template.Template{mustParse(t, scriptFile(t, "echo no such table >&2; exit 3"))}, 0, false)
	for i := range 3 {
		_, err := x.Send(t.Context(), []*Event{testEvent(1)})
		var refused *RefusedError
		if errors.As(err, &refused) != (i == 2) || !strings.Contains(err.Error(), "exit status 3: no such table") {
			t.Errorf("%d: %v", i, err)
		}
	}
	x = NewExec([]template.Template{mustParse(t, "/nowhere/program")}, 0, false)
	for range 5 {
		var refused *RefusedError
		if _, err := x.Send(t.Context(), []*Event{testEvent(1)}); err == nil || errors.As(err, &refused) {
			t.Errorf("a program that is not there: %v", err)
		}
	}
}

// A program that hangs is killed with what it has started.
func TestExecKills(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	x := NewExec([]template.Template{mustParse(t, scriptFile(t, "sleep 1000 & echo $! >"+pid+"; wait"))}, 300*time.Millisecond, false)
	if _, err := x.Send(t.Context(), []*Event{testEvent(1)}); !errors.Is(err, errTooLong) {
		t.Fatal(err)
	}
	child, _ := os.ReadFile(pid)
	eventually(t, "the child has ended", func() bool {
		stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(child)) + "/stat")
		return err != nil || bytes.Contains(stat, []byte(") Z "))
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Send(ctx, []*Event{testEvent(1)}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestDryRunTellsNobody(t *testing.T) {
	h := newHook(t)
	w := openHook(t, WebhookOptions{Format: "slack", URL: mustParse(t, h.URL+"/x"), Text: mustParse(t, "{text}")})
	var said []string
	d := &DryRun{Name: "chat", Sink: w, Out: func(s string) { said = append(said, s) }}
	if n, err := d.Send(t.Context(), []*Event{testEvent(1)}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if len(h.got()) != 0 || len(said) != 1 || said[0] != "chat: POST "+h.URL+"/x\n"+`{"text":"root"}` {
		t.Errorf("%q", said)
	}
	x := NewExec([]template.Template{mustParse(t, "/bin/ban"), mustParse(t, "{line}")}, 0, false)
	if got := x.Preview(testEvent(1)); got != `/bin/ban "sshd: root failed"` {
		t.Error(got)
	}
}

func TestExamplePassesFilter(t *testing.T) {
	o := &SinkOptions{Filter: Filter{Severity: []string{"high"}, Tags: []string{"auth"}, Rules: []string{"pii"}}}
	if e := Example("attic", o, nil); !o.Filter.takes(e) || len(e.ID) != 32 {
		t.Errorf("%+v", e)
	}
}

func TestFilters(t *testing.T) {
	e := testEvent(1)
	for _, c := range []struct {
		f    Filter
		want bool
	}{
		{Filter{}, true},
		{Filter{Severity: []string{"low", "high"}, Tags: []string{"x", "ban"}, Rules: []string{"default"}}, true},
		{Filter{Severity: []string{"low"}}, false},
		{Filter{Tags: []string{"x"}}, false},
		{Filter{Rules: []string{"pii"}}, false},
	} {
		if c.f.takes(e) != c.want {
			t.Errorf("%+v", c.f)
		}
	}
}
