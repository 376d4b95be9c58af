package watch

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestParseSyslog(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		in                   string
		pri                  int
		host, app, pid, text string
		time                 string // RFC 3339; empty: unknown
	}{
		{"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed", 34, "mymachine.example.com", "su", "", "'su root' failed", "2003-10-11T22:14:15Z"},
		{"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time", 165, "192.0.2.1", "myproc", "8710", "%% It's time", "2003-08-24T12:14:15Z"},
		{`<165>1 2003-10-11T22:14:15.003Z h evntslog - ID47 [x@1 a="b\]\"" c="]"][y] An event`, 165, "h", "evntslog", "", "An event", "2003-10-11T22:14:15Z"},
		{"<165>1 - - - - - -", 165, "", "", "", "", ""},
		{"<165>1 - - - - - - x", 165, "", "", "", "x", ""},
		{"<34>Oct 11 22:14:15 mymachine su: 'su root' failed", 34, "mymachine", "su", "", "'su root' failed", "2025-10-11T22:14:15Z"},
		{"<34>Jan  2 22:14:15 pi sshd[123]: Failed password", 34, "pi", "sshd", "123", "Failed password", "2026-01-02T22:14:15Z"},
		{"<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!", 13, "10.0.0.99", "", "", "Use the BFG!", "2026-02-05T17:32:18Z"},
		{"<30>Jan  2 03:00:00 hostapd: wlan0: STA x", 30, "", "hostapd", "", "wlan0: STA x", "2026-01-02T03:00:00Z"},
		{"<30>Jan  2 03:00:00 2001:db8::1 kernel: eth0 up", 30, "2001:db8::1", "kernel", "", "eth0 up", "2026-01-02T03:00:00Z"},
		{"<30>2026-01-02T03:04:05.678+01:00 pi cron[7]: x", 30, "pi", "cron", "7", "x", "2026-01-02T02:04:05Z"},
		{"<189>42: *Mar  1 18:46:11: %SYS-5-CONFIG_I: Configured", 189, "", "42", "", "*Mar  1 18:46:11: %SYS-5-CONFIG_I: Configured", ""},
		{"<4>dropbear[99]: Child connection", 4, "", "dropbear", "99", "Child connection", ""},
		{"<4>no program at all", 4, "", "", "", "no program at all", ""},
		{"plain text", -1, "", "", "", "plain text", ""},
		{"<999>x: y", -1, "", "", "", "<999>x: y", ""},
		{"<>x", -1, "", "", "", "<>x", ""},
		{"<34>1 nonsense", 34, "", "", "", "1 nonsense", ""},
		{"<34>1 x h a p m - text", 34, "", "", "", "1 x h a p m - text", ""}, // no time
		{"<34>", 34, "", "", "", "", ""},
		{"", -1, "", "", "", "", ""},
		{"<34>Oct 11 22:14:15 host app: x\r\n\x00", 34, "host", "app", "", "x", "2025-10-11T22:14:15Z"},
	} {
		m := parseSyslog([]byte(c.in), now)
		got := ""
		if !m.time.IsZero() {
			got = m.time.UTC().Format(time.RFC3339)
		}
		if m.pri != c.pri || m.host != c.host || m.app != c.app || m.pid != c.pid || string(m.text) != c.text || got != c.time {
			t.Errorf("%q:\n%+v %q %s", c.in, m, m.text, got)
		}
	}
	m := parseSyslog([]byte("<34>Oct 11 22:14:15 host app[1]: x"), now)
	if l := m.record("192.0.2.7").Labels; fmt.Sprint(l) != "map[app:app facility:auth host:host peer:192.0.2.7 pid:1 priority:crit]" {
		t.Error(l)
	}
}

func FuzzParseSyslog(f *testing.F) {
	for _, s := range []string{"<34>1 2003-10-11T22:14:15.003Z h a p m [x y=\"z\"] t", "<34>Oct 11 22:14:15 h a[1]: t", "<1", "<34>2026-01-02T03:04:05Z x"} {
		f.Add([]byte(s))
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, data []byte) {
		m := parseSyslog(data, now)
		if !bytes.Contains(data, m.text) {
			t.Fatalf("%q is not in %q", m.text, data)
		}
		for name, value := range m.record("p").Labels {
			if value == "" || len(value) > maxLabel {
				t.Fatalf("%s: %q", name, value)
			}
		}
	})
}

func TestReadSyslogFramings(t *testing.T) {
	long := strings.Repeat("x", maxSyslog+10)
	for _, c := range []struct {
		in   string
		want []string
		cuts int
		bad  bool
	}{
		{in: "<1>a\n<1>b\n", want: []string{"<1>a\n", "<1>b\n"}},
		{in: "4 <1>a5 <1>\nb", want: []string{"<1>a", "<1>\nb"}},
		{in: "4 <1>a<1>b\n4 <1>c", want: []string{"<1>a", "<1>b\n", "<1>c"}},
		{in: "<1>a\n<1>rest", want: []string{"<1>a\n", "<1>rest"}, cuts: 1},
		{in: long + "\nb\n", want: []string{long[:maxSyslog], "b\n"}, cuts: 1},
		{in: fmt.Sprintf("%d %s3 abc", len(long), long), want: []string{long[:maxSyslog], "abc"}, cuts: 1},
		{in: "9 <1>a", want: []string{"<1>a"}, cuts: 1, bad: true},
		{in: "1x", bad: true},
		{in: "12345678 x", bad: true},
		{in: "99", bad: true},
		{in: ""},
	} {
		r := bufio.NewReaderSize(strings.NewReader(c.in), 16)
		var got []string
		cuts := 0
		var err error
		for err == nil {
			var data []byte
			var cut bool
			data, cut, err = readSyslog(r)
			if len(data) > 0 {
				got = append(got, string(data))
			}
			if cut {
				cuts++
			}
		}
		if strings.Join(got, "|") != strings.Join(c.want, "|") || cuts != c.cuts || errors.Is(err, errFraming) != c.bad || !c.bad && err != io.EOF {
			t.Errorf("%.20q: %.80q, %d cut, %v", c.in, got, cuts, err)
		}
	}
}

func FuzzReadSyslog(f *testing.F) {
	f.Add([]byte("4 <1>a<1>b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(data), 16)
		total := 0
		for {
			got, _, err := readSyslog(r)
			if total += len(got); total > len(data) || len(got) > maxSyslog {
				t.Fatalf("%d bytes", len(got))
			}
			if err != nil {
				return
			}
		}
	})
}

// taken collects what a source hands over.
type taken struct {
	mu      sync.Mutex
	records []Record
	hold    chan struct{} // nil: nothing is held up
}

func (k *taken) take(b *Batch) error {
	if k.hold != nil {
		<-k.hold
	}
	k.mu.Lock()
	for _, r := range b.Records {
		r.Text = bytes.Clone(r.Text)
		k.records = append(k.records, r)
	}
	k.mu.Unlock()
	if b.Ack != nil {
		b.Ack()
	}
	return nil
}

func (k *taken) texts() (texts []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.records {
		texts = append(texts, string(r.Text))
	}
	return texts
}

// runSource runs a source until the function returned is called, which returns its error.
func runSource(t *testing.T, s Source, take func(*Batch) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, take) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() {
			cancel()
			select {
			case err = <-ended:
			case <-time.After(patience):
				err = errors.New("the source does not end")
			}
		})
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

func openSyslog(t *testing.T) (s *Syslog, udp, tcp string) {
	t.Helper()
	s, err := NewSyslog(SyslogOptions{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	u, c := s.Addresses()
	return s, u.String(), c.String()
}

func TestSyslogSource(t *testing.T) {
	s, udp, tcp := openSyslog(t)
	var got taken
	stop := runSource(t, s, got.take)
	u, err := net.Dial("udp", udp)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	c, err := net.Dial("tcp", tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(u, "<34>Oct 11 22:14:15 pi su: over udp")
	eventually(t, "a datagram", func() bool { return len(got.texts()) == 1 })
	fmt.Fprint(c, "<34>Oct 11 22:14:15 pi su: one\n32 <34>Oct 11 22:14:15 pi su: counts")
	eventually(t, "both framings", func() bool { return len(got.texts()) == 3 })
	if texts := got.texts(); texts[0] != "over udp" || texts[1] != "one" || texts[2] != "count" {
		t.Errorf("%q", texts)
	}
	r := got.records[0]
	if r.Labels["peer"] != "127.0.0.1" || r.Labels["app"] != "su" || r.Place == got.records[1].Place {
		t.Errorf("%+v", r)
	}
	// Bytes behind a count are no framing any more: the connection ends, and is counted.
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, "\n9x")
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Error(err)
	}
	eventually(t, "it is counted", func() bool { return strings.Contains(s.Status().Problem, "1 connections were ended") })
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// While nothing is taken, datagrams are read on and those without room counted; a
// connection is read no further, and loses nothing.
func TestSyslogUnderPressure(t *testing.T) {
	s, udp, tcp := openSyslog(t)
	got := taken{hold: make(chan struct{})}
	stop := runSource(t, s, got.take)
	u, _ := net.Dial("udp", udp)
	defer u.Close()
	big := strings.Repeat("x", 60000)
	sent := 0
	eventually(t, "datagrams are lost", func() bool {
		if _, err := fmt.Fprintf(u, "<34>%s", big); err == nil {
			sent++
		}
		return s.Status().Lost > 5
	})
	s.in.mu.Lock()
	held := s.in.bytes
	s.in.mu.Unlock()
	if held > maxInbox {
		t.Errorf("%d bytes are held", held)
	}
	c, err := net.Dial("tcp", tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const messages = 500
	go func() {
		for i := range messages {
			fmt.Fprintf(c, "<34>tcp %d %s\n", i, big)
		}
	}()
	close(got.hold)
	over := func() (n int) {
		for _, text := range got.texts() {
			if strings.HasPrefix(text, "tcp ") {
				n++
			}
		}
		return n
	}
	eventually(t, "all of the connection", func() bool { return over() == messages })
	lost := func() int { return int(s.Status().Lost) }
	if udp := len(got.texts()) - messages; udp+lost() < sent-20 || udp+lost() > sent {
		// Some may still lie in the kernel, whose count comes with the next datagram.
		t.Errorf("%d datagrams sent, %d taken, %d counted as lost", sent, udp, lost())
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// What the kernel drops is counted with the next datagram.
func TestSyslogCountsKernelDrops(t *testing.T) {
	s, udp, _ := openSyslog(t)
	if controlSize == 0 || os.Getenv("TRAWL_EMULATOR") != "" {
		t.Skip("neither other systems nor the emulator tell of dropped datagrams")
	}
	u, _ := net.Dial("udp", udp)
	defer u.Close()
	if err := s.udp.SetReadBuffer(1); err != nil { // the smallest there is
		t.Fatal(err)
	}
	for range 200 {
		fmt.Fprintf(u, "<34>%s", strings.Repeat("x", 1000))
	}
	var got taken
	runSource(t, s, got.take)
	eventually(t, "the drops are counted", func() bool {
		fmt.Fprint(u, "<34>next")
		return s.Status().Lost > 100
	})
}

// Connections are bounded: the one that is silent for the longest makes room.
func TestSyslogConnectionsAreBounded(t *testing.T) {
	s, _, tcp := openSyslog(t)
	var got taken
	runSource(t, s, got.take)
	first, err := net.Dial("tcp", tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	peers := func() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.peers) }
	eventually(t, "the first is there", func() bool { return peers() == 1 })
	for range maxPeers {
		c, err := net.Dial("tcp", tcp)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	_ = first.SetReadDeadline(time.Now().Add(patience))
	if _, err := first.Read(make([]byte, 1)); err != io.EOF {
		t.Error(err)
	}
	if n := peers(); n > maxPeers {
		t.Error(n)
	}
}
