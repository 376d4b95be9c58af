package worker

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"trawl/edge/wire"
)

// lines collects a log.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestLogNamesRequestsAsTheBrokerDoes(t *testing.T) {
	b := listen(t)
	o := options(b, t)
	log := new(lines)
	o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	stop := run(t, o)
	l, _ := b.welcome(time.Hour)
	c := wire.RequestControl{Number: 77, Full: true, Remaining: time.Minute, ID: 0xabcdef}
	l.send(string(c.Append(nil)), `{"id":"mine"}`, "this here")
	l.reply(77)
	l.request(78, false, time.Minute, "this")
	l.reply(78)
	stop()
	for _, want := range []string{
		`msg="request received" number=77 request=0000000000abcdef`,
		`msg="request begun" number=77 request=0000000000abcdef`,
		`msg="request answered" number=77 request=0000000000abcdef failed=false`,
		`id=mine`,
		`msg="request answered" number=78 failed=false`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %s:\n%s", want, log)
		}
	}
}
