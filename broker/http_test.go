package broker

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
)

// httpRig is a running broker with its HTTP port.
type httpRig struct {
	*rig
	http *http.Client
}

func startHTTP(t *testing.T, change func(*Options)) *httpRig {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	r := &httpRig{http: &http.Client{Transport: transport}}
	r.rig = start(t, func(o *Options) {
		o.HTTP = HTTP{Listen: "127.0.0.1:0", Match: true}
		if change != nil {
			change(o)
		}
	})
	t.Cleanup(transport.CloseIdleConnections)
	return r
}

func (r *httpRig) url(path string) string { return "http://" + r.broker.httpAddress() + path }

// do sends a request and returns the status and the body.
func (r *httpRig) do(ctx context.Context, method, path, body string) (int, string, http.Header) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, r.url(path), strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

func (r *httpRig) get(path string) (int, string) {
	r.t.Helper()
	code, body, _ := r.do(r.t.Context(), "GET", path, "")
	return code, body
}

// later does a request in a goroutine of its own.
func (r *httpRig) later(ctx context.Context, path, body string) <-chan string {
	done := make(chan string, 1)
	go func() {
		req, _ := http.NewRequestWithContext(ctx, "POST", r.url(path), strings.NewReader(body))
		resp, err := r.http.Do(req)
		if err != nil {
			done <- "error: " + err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		done <- fmt.Sprint(resp.StatusCode, " ", resp.Header.Get("Trawl-Worker"), " ", string(b))
	}()
	return done
}

func receive(t *testing.T, from <-chan string) string {
	t.Helper()
	select {
	case s := <-from:
		return s
	case <-time.After(patience):
		t.Fatal("no answer")
		return ""
	}
}

func TestHTTPTellsHowTheBrokerIs(t *testing.T) {
	r := startHTTP(t, nil)
	if code, body := r.get("/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("/healthz: %d %q", code, body)
	}
	if code, body := r.get("/readyz"); code != 200 || body != "ready\nworkers: 0\n" {
		t.Errorf("/readyz: %d %q", code, body)
	}
	r.worker("w", 1)
	if code, body := r.get("/readyz"); code != 200 || body != "ready\nworkers: 1\n" {
		t.Errorf("/readyz: %d %q", code, body)
	}
	code, body := r.get("/status")
	var s wire.Status
	if err := json.Unmarshal([]byte(body), &s); code != 200 || err != nil || len(s.Workers) != 1 || s.Broker.HTTPAt != r.broker.httpAddress() {
		t.Errorf("/status: %d %v %s", code, err, body)
	}
	for path, want := range map[string]int{"/": 200, "/nothing": 404} {
		if code, body := r.get(path); code != want {
			t.Errorf("%s: %d %q", path, code, body)
		}
	}
	for method, path := range map[string]string{"DELETE": "/metrics", "PUT": "/match"} {
		if code, _, _ := r.do(t.Context(), method, path, ""); code != http.StatusMethodNotAllowed {
			t.Errorf("%s %s: %d", method, path, code)
		}
	}
}

func TestUnreadyWhileDraining(t *testing.T) {
	r := startHTTP(t, func(o *Options) { o.DrainTimeout = patience })
	w := r.worker("w", 1)
	answer := r.later(t.Context(), "/match", "text")
	held := w.task()
	r.broker.requestStop()
	for {
		code, body := r.get("/readyz")
		if code == 503 && body == "draining\nworkers: 1\n" {
			break
		}
	}
	if got := receive(t, r.later(t.Context(), "/match", "another")); !strings.HasPrefix(got, `503  {"error":{"code":"draining"`) {
		t.Errorf("a request while it drains: %s", got)
	}
	w.answer(held, `{"worker":"w"}`, `{"matches":[]}`)
	if got := receive(t, answer); got != `200 w {"matches":[]}` {
		t.Errorf("the request from before: %s", got)
	}
}

func TestMatchOverHTTP(t *testing.T) {
	r := startHTTP(t, nil)
	w := r.worker("w", 4, "default", "pii")
	for _, test := range []struct{ query, header string }{
		{"", `{}`},
		{
			"?rules=pii&worker=w&deadline_ms=500&priority=9&want=first&limit=3&fields=text,tags&split=lines",
			`{"deadline_ms":500,"fields":["text","tags"],"limit":3,"priority":9,"rules":"pii","split":"lines","want":"first","worker":"w"}`,
		},
	} {
		answer := r.later(t.Context(), "/match"+test.query, "the text")
		task := w.task()
		if len(task.frames) != 2 || task.frames[0] != test.header || task.frames[1] != "the text" {
			t.Errorf("%s: the worker got %q, want the header %s", test.query, task.frames, test.header)
		}
		w.answer(task, `{"worker":"w","rules":"pii@123"}`, `{"matches":[]}`)
		if got := receive(t, answer); got != `200 w {"matches":[]}` {
			t.Errorf("%s: %s", test.query, got)
		}
	}
}

func TestBigTextsAndAnswersOverHTTP(t *testing.T) {
	r := startHTTP(t, nil)
	w := r.worker("w", 1)
	text, result := strings.Repeat("long text ", 300_000), `{"matches":[`+strings.Repeat(`{},`, 1_000_000)+`{}]}`
	answer := r.later(t.Context(), "/match", text)
	task := w.task()
	if task.frames[1] != text {
		t.Error("the text came apart")
	}
	w.answer(task, `{"worker":"w"}`, result)
	if got := receive(t, answer); got != "200 w "+result {
		t.Errorf("an answer of %d bytes, want %d", len(got), len(result))
	}
	r.until("nothing is held", func(s *wire.Status) bool { return s.Broker.BufferedBytes < 4<<10 && s.Broker.PendingBytes == 0 })
}

func TestErrorsOverHTTP(t *testing.T) {
	r := startHTTP(t, func(o *Options) {
		o.Limits.Text, o.bootTime = 1000, time.Nanosecond
		o.ExpectRules = []string{"away"}
	})
	r.until("the start is over", func(*wire.Status) bool {
		code, _, _ := r.do(t.Context(), "POST", "/match?rules=never&deadline_ms=100", "x")
		return code == 404
	})
	for _, test := range []struct {
		path, body string
		status     int
		says       string
	}{
		{"?x=1", "", 400, `unknown query parameter \"x\"; known are rules, worker, deadline_ms`},
		{"?op=stop", "", 400, `unknown query parameter \"op\"`},
		{"?limit=1&limit=2", "", 400, `\"limit\" is given twice`},
		{"?limit=01", "", 400, `\"limit\": must be a whole number`},
		{"?limit=-1", "", 400, `\"limit\": must be a whole number`},
		{"?priority=10", "", 400, `\"priority\": must be a whole number from 0 to 9`},
		{"?want=more", "", 400, `\"want\"`},
		{"?fields=color", "", 400, `\"color\" is not one of text`},
		{"?rules=a%zz", "", 400, "unreadable query"},
		{"", strings.Repeat("x", 1001), 413, "the broker takes 1000"},
		{"?rules=never", "x", 404, `"unknown_rules"`},
		{"?worker=never", "x", 404, `"unknown_worker"`},
		{"?rules=away&deadline_ms=20", "x", 503, `"no_worker"`},
	} {
		code, body, _ := r.do(t.Context(), "POST", "/match"+test.path, test.body)
		if code != test.status || !strings.Contains(body, test.says) || !strings.HasPrefix(body, `{"error":{"code":"`) {
			t.Errorf("%s: %d %s, want %d with %s", test.path, code, body, test.status, test.says)
		}
	}
}

func TestBusyOverHTTPSaysWhenToComeBack(t *testing.T) {
	r := startHTTP(t, func(o *Options) { o.Limits.Queue = 1 })
	ctx, leave := context.WithCancel(t.Context())
	answer := r.later(ctx, "/match", "x")
	r.until("it waits", func(s *wire.Status) bool { return s.Broker.Pending == 1 })
	code, body, header := r.do(t.Context(), "POST", "/match", "x")
	if code != 503 || !strings.Contains(body, `"busy"`) || header.Get("Retry-After") != "1" {
		t.Errorf("%d %s %v", code, body, header)
	}
	leave()
	receive(t, answer)
}

func TestMatchIsOffUnlessSwitchedOn(t *testing.T) {
	r := startHTTP(t, func(o *Options) { o.HTTP.Match = false })
	code, body, _ := r.do(t.Context(), "POST", "/match", "x")
	if code != 403 || !strings.Contains(body, `"forbidden"`) || !strings.Contains(body, "--http-match") {
		t.Errorf("%d %s", code, body)
	}
}

func TestAClientThatGoesAwayDropsItsWork(t *testing.T) {
	r := startHTTP(t, nil)
	ctx, leave := context.WithCancel(t.Context())
	answer := r.later(ctx, "/match", "x")
	r.until("it waits", func(s *wire.Status) bool { return s.Broker.Pending == 1 })
	leave()
	receive(t, answer)
	r.until("it is dropped", func(s *wire.Status) bool {
		return s.Broker.Pending == 0 && s.Broker.Answers["client_gone"] == 1
	})
}

func TestHTTPSharesTheMemory(t *testing.T) {
	r := startHTTP(t, func(o *Options) {
		o.Limits = Limits{Text: 1 << 20, Request: 1 << 20, Memory: 3 << 20}
	})
	// Bodies that stop arriving take what requests half read may, and no more.
	var stuck []net.Conn
	for range 6 {
		conn, err := net.Dial("tcp", r.broker.httpAddress())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /match HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n%s", strings.Repeat("x", 400_000))
		stuck = append(stuck, conn)
	}
	r.until("they are there", func(s *wire.Status) bool { return s.Broker.BufferedBytes > 1<<20 })
	if held := r.status().Broker.BufferedBytes; held > 3<<20 {
		t.Errorf("%d bytes held", held)
	}
	refused := make(chan string, len(stuck))
	for _, conn := range stuck {
		go func() {
			_ = conn.SetReadDeadline(time.Now().Add(patience))
			line, _ := bufio.NewReader(conn).ReadString('\n')
			refused <- line
		}()
	}
	if got := receive(t, refused); !strings.Contains(got, "503") {
		t.Errorf("a body without memory: %q", got)
	}
	// A small request passes all the same.
	w := r.worker("w", 1)
	answer := r.later(t.Context(), "/match", "small")
	w.answer(w.task(), `{"worker":"w"}`, `{"matches":[]}`)
	if got := receive(t, answer); got != `200 w {"matches":[]}` {
		t.Error(got)
	}
}

func TestHTTPConnectionsAreBounded(t *testing.T) {
	r := startHTTP(t, nil)
	var idle []net.Conn
	for i := range 2 * maxHTTPConns {
		conn, err := net.Dial("tcp", r.broker.httpAddress())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i%2 == 0 {
			fmt.Fprint(conn, "POST /match HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nbeg")
		}
		idle = append(idle, conn)
	}
	// One that comes now is served; the oldest have given way to it.
	if code, _ := r.get("/healthz"); code != 200 {
		t.Errorf("status %d", code)
	}
	_ = idle[0].SetReadDeadline(time.Now().Add(patience))
	if _, err := idle[0].Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("the oldest is still open: %v", err)
	}
	c := r.broker.http.conns
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.open); n > maxHTTPConns {
		t.Errorf("%d connections", n)
	}
}

// hold opens connections that say something and then nothing more, nor read.
func (r *httpRig) hold(n int, says string) (held []net.Conn) {
	r.t.Helper()
	for range n {
		conn, err := net.Dial("tcp", r.broker.httpAddress())
		if err != nil {
			r.t.Fatal(err)
		}
		r.t.Cleanup(func() { conn.Close() })
		if _, err := io.WriteString(conn, says); err != nil {
			r.t.Fatal(err)
		}
		held = append(held, conn)
	}
	return held
}

const waitingMatch = "POST /match?rules=nobody&deadline_ms=86400000 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"

// Requests that wait for matches keep neither health nor metrics out.
func TestHTTPKeepsPlacesForHealth(t *testing.T) {
	r := startHTTP(t, func(o *Options) { o.ExpectRules = []string{"nobody"} })
	r.hold(maxHTTPMatches, waitingMatch)
	r.until("they wait", func(s *wire.Status) bool { return s.Broker.Pending == maxHTTPMatches })
	for range 2 * maxHTTPConns {
		for _, path := range []string{"/healthz", "/readyz", "/metrics", "/status", "/"} {
			if code, _ := r.get(path); code != 200 {
				t.Fatalf("%s: %d", path, code)
			}
		}
	}
	code, body, header := r.do(t.Context(), "POST", "/match?rules=nobody", "x")
	if code != 503 || !strings.Contains(body, `"busy"`) || header.Get("Retry-After") == "" {
		t.Errorf("one more waits: %d %s", code, body)
	}
	r.hold(maxHTTPConns, "") // and those that say nothing keep nobody out
	if code, _ := r.get("/healthz"); code != 200 {
		t.Errorf("status %d", code)
	}
	if s := r.status(); s.Broker.Pending != maxHTTPMatches {
		t.Errorf("%d wait: others gave way", s.Broker.Pending)
	}
}

// A place that ends is free again.
func TestHTTPMatchesThatEndMakeRoom(t *testing.T) {
	r := startHTTP(t, func(o *Options) { o.ExpectRules = []string{"nobody"} })
	held := r.hold(maxHTTPMatches, waitingMatch)
	r.until("they wait", func(s *wire.Status) bool { return s.Broker.Pending == maxHTTPMatches })
	held[0].Close()
	r.until("one has left", func(s *wire.Status) bool { return s.Broker.Pending == maxHTTPMatches-1 })
	r.hold(1, waitingMatch)
	r.until("another waits", func(s *wire.Status) bool { return s.Broker.Pending == maxHTTPMatches })
}

// fakeNetConn is a connection that notes when it is closed.
type fakeNetConn struct {
	net.Conn
	closed bool
}

func (c *fakeNetConn) Close() error { c.closed = true; return nil }

// Who gives way: the request that is awaited for longest, then the answer that has stood
// still for longest, and nobody whose request is worked on.
func TestHTTPConnectionsGiveWayInTurn(t *testing.T) {
	now := time.Now()
	c := newHTTPConns(nil)
	add := func(n int, p httpPlace) (first *fakeNetConn) {
		for range n {
			conn := &fakeNetConn{}
			c.open[conn] = &p
			if first == nil {
				first = conn
			}
		}
		return first
	}
	young := add(1, httpPlace{awaited: now})
	old := add(1, httpPlace{awaited: now.Add(-time.Minute)})
	slow := add(1, httpPlace{moved: now.Add(-2 * httpSlow)})
	slower := add(1, httpPlace{moved: now.Add(-time.Hour)})
	matching := add(maxHTTPMatches, httpPlace{})
	reading := add(maxHTTPConns-maxHTTPMatches-4, httpPlace{moved: now.Add(time.Hour)})
	for i, next := range []*fakeNetConn{old, young, slower, slow} {
		if next.closed {
			t.Errorf("%d has given way out of turn", i)
		}
		come := &fakeNetConn{}
		if !c.place(come) || !next.closed || come.closed {
			t.Errorf("%d has not given way", i)
		}
		c.open[come] = &httpPlace{} // it is worked on
	}
	come := make(chan bool)
	go func() { come <- c.place(&fakeNetConn{}) }()
	select {
	case <-come:
		t.Error("there is no place")
	case <-time.After(10 * time.Millisecond):
	}
	c.note(reading, http.StateClosed)
	if !<-come || matching.closed {
		t.Error("the one that waited has no place")
	}
	go func() { come <- c.place(&fakeNetConn{}) }()
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.change.Broadcast()
	if <-come {
		t.Error("a place at a listener that is closed")
	}
}

// A client that does not read its answer is one whose answer stands still.
func TestHTTPAnswersThatAreNotReadStandStill(t *testing.T) {
	r := startHTTP(t, func(o *Options) { o.Limits.Answer = 16 << 20 })
	w := r.worker("w", 1)
	conn := r.hold(1, "POST /match HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx")[0]
	w.answer(w.task(), `{"worker":"w"}`, strings.Repeat("x", 15<<20)) // more than buffers take
	c := r.broker.http.conns
	r.until("its answer is being written", func(*wire.Status) bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, p := range c.open {
			if !p.moved.IsZero() && c.last(p.moved.Add(2*httpSlow)) != nil && c.matches == 0 {
				return true
			}
		}
		return false
	})
	conn.Close()
}

// Nobody gives way while nobody has come.
func TestHTTPConnectionsStayWhileThereIsRoom(t *testing.T) {
	r := startHTTP(t, nil)
	r.hold(maxHTTPConns, "")
	c := r.broker.http.conns
	open := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.open)
	}
	r.until("all are open", func(*wire.Status) bool { return open() == maxHTTPConns })
	if code, _ := r.get("/healthz"); code != 200 {
		t.Errorf("status %d", code)
	}
	r.until("one has left", func(*wire.Status) bool { return open() == maxHTTPConns-1 }) // and so has the one who asked
}

func TestPagesOfOthersMayNotAsk(t *testing.T) {
	r := startHTTP(t, nil)
	for name, change := range map[string]func(*http.Request){
		"a name that resolves to loopback": func(q *http.Request) { q.Host = "evil.example:5580" },
		"another origin":                   func(q *http.Request) { q.Header.Set("Origin", "http://evil.example") },
		"another site":                     func(q *http.Request) { q.Header.Set("Sec-Fetch-Site", "cross-site") },
	} {
		req, _ := http.NewRequestWithContext(t.Context(), "POST", r.url("/match"), strings.NewReader("x"))
		change(req)
		resp, err := r.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: status %d", name, resp.StatusCode)
		}
	}
	for _, host := range []string{"localhost", "localhost:5580", "127.0.0.1:1", "[::1]:5580", "[::1]", "192.168.1.7"} {
		if !localHost(host) {
			t.Errorf("%s is refused", host)
		}
	}
}

func TestHTTPBeyondLoopbackOnPurposeOnly(t *testing.T) {
	o := Options{HTTP: HTTP{Listen: "*:0"}, Clients: []string{"inproc://http-c"}, Workers: []string{"inproc://http-w"}}
	if _, err := Listen(o); err == nil || !strings.Contains(err.Error(), "--insecure") {
		t.Errorf("error %v", err)
	}
	o.Insecure = true
	b, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	b.closeListeners()
}

func TestHTTPPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Listen(Options{HTTP: HTTP{Listen: l.Addr().String()}, Clients: []string{"inproc://taken-c"}, Workers: []string{"inproc://taken-w"}})
	if err == nil || !strings.Contains(err.Error(), "taken") || !strings.Contains(err.Error(), "--http off") {
		t.Errorf("error %v", err)
	}
}
