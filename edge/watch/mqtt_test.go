package watch

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"trawl/test/need"
)

// mosquitto is a real broker, which can be killed and come back on its port.
type mosquitto struct {
	t    *testing.T
	conf string
	url  string
	cmd  *exec.Cmd
}

func newMosquitto(t *testing.T, more ...string) *mosquitto {
	t.Helper()
	program := "mosquitto"
	if _, err := exec.LookPath(program); err != nil {
		program = "/usr/sbin/mosquitto" // which users do not have in their path
		need.Path(t, program, "mosquitto")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().(*net.TCPAddr)
	l.Close()
	dir := t.TempDir()
	m := &mosquitto{t: t, conf: filepath.Join(dir, "conf"), url: fmt.Sprintf("mqtt://127.0.0.1:%d", address.Port)}
	conf := append([]string{
		fmt.Sprintf("listener %d 127.0.0.1", address.Port), "persistence true", "persistence_location " + dir + "/",
		"autosave_on_changes true", "autosave_interval 1", "user " + os.Getenv("USER"),
	}, more...)
	if len(more) == 0 {
		conf = append(conf, "allow_anonymous true")
	}
	text := strings.Join(conf, "\n") + "\n"
	if os.Getenv("USER") == "" {
		text = strings.ReplaceAll(text, "user \n", "user root\n")
	}
	if err := os.WriteFile(m.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m.cmd = need.Command(program, "-c", m.conf)
	m.start()
	t.Cleanup(m.kill)
	return m
}

func (m *mosquitto) start() {
	m.t.Helper()
	m.cmd = need.Command(m.cmd.Path, "-c", m.conf)
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	eventually(m.t, "mosquitto listens", func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(m.url, "mqtt://"))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

func (m *mosquitto) kill() {
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
}

func (m *mosquitto) signal(s syscall.Signal) { _ = m.cmd.Process.Signal(s) }

func (m *mosquitto) sink(topic, text string) *MQTTSink {
	m.t.Helper()
	s, err := NewMQTTSink(MQTTOptions{Broker: MQTTBroker{URL: m.url, ClientID: "trawl-attic-sink"}, Topic: mustParse(m.t, topic), Text: mustParse(m.t, text)})
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { s.Close() })
	return s
}

func (m *mosquitto) source(topics ...string) *MQTTSource {
	m.t.Helper()
	s, err := NewMQTTSource(MQTTSourceOptions{Broker: MQTTBroker{URL: m.url, ClientID: "trawl-attic-source"}, Topics: topics})
	if err != nil {
		m.t.Fatal(err)
	}
	return s
}

// subscribed waits until a message that is published comes to got.
func subscribed(t *testing.T, s *MQTTSink, got *taken) {
	t.Helper()
	eventually(t, "the subscription is there", func() bool {
		_, _ = s.Send(t.Context(), []*Event{testEvent(0)})
		return len(got.texts()) > 0
	})
}

// A sink and a source over a real broker: topic, payload, label; what is kept there is
// passed over.
func TestMQTTInAndOut(t *testing.T) {
	m := newMosquitto(t)
	kept, err := NewMQTTSink(MQTTOptions{Broker: MQTTBroker{URL: m.url, ClientID: "k"}, Topic: mustParse(t, "trawl/attic/kept"), Text: mustParse(t, "kept"), Retain: true})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := kept.Send(t.Context(), []*Event{testEvent(1)}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	kept.Close()
	sink := m.sink("trawl/{board}/{labels.path}", "{text}: {line}")
	var got taken
	stop := runSource(t, m.source("trawl/#"), got.take)
	subscribed(t, sink, &got)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r := got.records[0]
	if string(r.Text) != "root: sshd: root failed" || r.Labels["topic"] != "trawl/attic/_var_log_auth.log" {
		t.Errorf("%q %v", r.Text, r.Labels)
	}
	plain := m.sink("x/y", "")
	var events taken
	stop = runSource(t, m.source("x/#"), events.take) // the session is that of the source before
	subscribed(t, plain, &events)
	_ = stop()
	if e, err := parseEvent(events.records[0].Text); err != nil || e.ID != testEvent(0).ID {
		t.Errorf("%s", events.records[0].Text)
	}
}

// What was not acknowledged when a source is stopped comes to the next one, and what comes
// meanwhile, too: the broker keeps the session.
func TestMQTTSourceGoesOn(t *testing.T) {
	m := newMosquitto(t)
	sink := m.sink("t", "{id}")
	var got taken
	stop := runSource(t, m.source("t"), got.take)
	subscribed(t, sink, &got)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	var want []string
	var events []*Event
	for i := range 50 {
		events = append(events, testEvent(100+i))
		want = append(want, testEvent(100+i).ID)
	}
	if n, err := sink.Send(t.Context(), events); n != 50 || err != nil {
		t.Fatal(n, err)
	}
	// This source is stopped while the events of its first batch are not safe yet.
	ended := make(chan error)
	ctx, cancel := context.WithCancel(t.Context())
	const window = 20 // mosquitto sends so many without an acknowledgement
	held := m.source("t")
	go func() { ended <- held.Run(ctx, func(*Batch) error { <-ctx.Done(); return nil }) }()
	eventually(t, "the window is full", func() bool { return held.next.Load() >= window })
	for i := range 3 { // meanwhile the broker would deal with acknowledgements
		_, _ = sink.Send(t.Context(), []*Event{testEvent(200 + i)})
	}
	cancel()
	<-ended
	if n := held.next.Load(); n != window {
		t.Errorf("%d messages came, so some were acknowledged", n)
	}
	var next taken
	stop = runSource(t, m.source("t"), next.take)
	eventually(t, "all come", func() bool {
		seen := next.texts()
		for _, id := range want {
			if !slices.Contains(seen, id) {
				return false
			}
		}
		return true
	})
	if r := next.records[0]; !r.Redelivered {
		t.Errorf("%+v is not marked", r)
	}
	_ = stop()
}

// A broker that is killed and stopped: each event is acknowledged in the end, in order but
// for repetitions, and Send never hangs for long.
func TestMQTTSinkSurvivesBroker(t *testing.T) {
	m := newMosquitto(t)
	m.t.Setenv("TZ", "UTC")
	out, err := openOutlet(SinkOptions{Name: "s", Sink: m.sink("t", "{id}"), Batch: MQTTBatch}, newQueues(), store{}, logTo(&lockedBuffer{}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); out.deliver(ctx, ctx) }()
	defer func() { cancel(); <-ended }()
	sent := 0
	send := func(n int) {
		for range n {
			if err := out.queue.put(ctx, testEvent(sent)); err != nil {
				t.Fatal(err)
			}
			sent++
		}
	}
	delivered := func() int { return int(out.status().Delivered) }
	send(200)
	eventually(t, "the first are delivered", func() bool { return delivered() == 200 })
	for range 3 {
		send(100)
		m.kill()
		send(100)
		m.start()
		eventually(t, "all are delivered after a kill", func() bool { return delivered() == sent })
	}
	send(100)
	m.signal(syscall.SIGSTOP)
	send(100)
	m.signal(syscall.SIGCONT)
	eventually(t, "all are delivered after a pause", func() bool { return delivered() == sent })
	if s := out.status(); s.Refused != 0 || s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
}

// A source finds a broker again that was killed.
func TestMQTTSourceSurvivesBroker(t *testing.T) {
	m := newMosquitto(t)
	sink := m.sink("t", "{id}")
	var got taken
	source := m.source("t")
	runSource(t, source, got.take)
	subscribed(t, sink, &got)
	m.kill()
	eventually(t, "it is noted", func() bool { return source.Status().Problem != "" })
	m.start()
	before := len(got.texts())
	eventually(t, "messages come again", func() bool {
		_, _ = sink.Send(t.Context(), []*Event{testEvent(1)})
		return len(got.texts()) > before
	})
	eventually(t, "it is well again", func() bool { return source.Status().Problem == "" })
}

// Users and their passwords, which come from a file; and a broker that refuses.
func TestMQTTUsers(t *testing.T) {
	passwords := filepath.Join(t.TempDir(), "passwords")
	need.Program(t, "mosquitto_passwd", "mosquitto")
	if out, err := need.Command("mosquitto_passwd", "-b", "-c", passwords, "trawl", "secret").CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	m := newMosquitto(t, "password_file "+passwords)
	o := MQTTOptions{Broker: MQTTBroker{URL: m.url, ClientID: "x"}, Topic: mustParse(t, "t")}
	s, err := NewMQTTSink(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), []*Event{testEvent(1)}); err == nil || !strings.Contains(err.Error(), "uthor") {
		t.Error(err)
	}
	s.Close()
	o.Broker.User, o.Broker.PasswordFile = "trawl", secretFile(t, "secret", 0o600)
	if s, err = NewMQTTSink(o); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n, err := s.Send(t.Context(), []*Event{testEvent(1)}); n != 1 || err != nil {
		t.Error(n, err)
	}
	o.Broker.PasswordFile = secretFile(t, "secret", 0o644)
	if _, err := NewMQTTSink(o); err == nil {
		t.Error("others can read the password")
	}
}

func TestTopicMatches(t *testing.T) {
	for _, c := range []struct {
		filter, topic string
		want          bool
	}{
		{"a/b", "a/b", true},
		{"a/b", "a/c", false},
		{"a", "a/b", false},
		{"a/b", "a", false},
		{"+", "a", true},
		{"+", "a/b", false},
		{"a/+/c", "a/b/c", true},
		{"a/+", "a/", true},
		{"#", "a/b", true},
		{"a/#", "a", true},
		{"a/#", "a/b/c", true},
		{"a/#", "b", false},
		{"#", "$SYS/x", false},
		{"$SYS/#", "$SYS/x", true},
		{"$share/g/a/#", "a/b", true},
	} {
		if topicMatches(c.filter, c.topic) != c.want {
			t.Errorf("%s, %s", c.filter, c.topic)
		}
	}
}

func TestInbox(t *testing.T) {
	in := newInbox()
	big := received{Record: Record{Text: make([]byte, 1<<20)}}
	n := 0
	for in.offer(big) {
		n++
	}
	if n != 3 {
		t.Errorf("%d fit", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan bool)
	go func() { ended <- in.put(ctx, big) }()
	in.drop(func(r *received) bool { return true })
	if !<-ended {
		t.Error("no room after records were dropped")
	}
	cancel()
	for in.offer(big) {
	}
	if in.put(ctx, big) {
		t.Error("put without room")
	}
	var sizes []int
	acked := 0
	for i := range in.records {
		in.records[i].ack = func() { acked++ }
	}
	_ = in.each(ctx, 2, func(b *Batch) error { sizes = append(sizes, len(b.Records)); b.Ack(); return nil })
	if !reflect.DeepEqual(sizes, []int{2, 1}) || acked != 3 || in.bytes != 0 {
		t.Error(sizes, acked, in.bytes)
	}
}
