// The client of both fleets: a DEALER that keeps requests in flight.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"trawl/edge/zmtp"
)

const patience = 20 * time.Second // for one answer

// dealer is for one goroutine.
type dealer struct {
	*zmtp.Conn
	texts [][]byte
	next  int // of texts
}

func connect(ctx context.Context, endpoint string, texts [][]byte) (*dealer, error) {
	c, err := zmtp.Dial(ctx, endpoint, zmtp.Options{SocketType: "DEALER"})
	return &dealer{Conn: c, texts: texts}, err
}

// ask queues the next text in bare form, with the empty frame that a REQ puts
// before it: a REP wants one.
func (c *dealer) ask() error {
	text := c.texts[c.next%len(c.texts)]
	c.next++
	return c.Queue(nil, zmtp.NewMessage(nil, text))
}

// answer returns a view into m, which the caller releases.
func (c *dealer) answer() (m zmtp.Message, body []byte, err error) {
	late := time.AfterFunc(patience, func() { _ = c.Close() })
	defer late.Stop()
	if m, err = c.Recv(); err != nil {
		return m, nil, fmt.Errorf("no answer: %w", err)
	}
	if m.NumFrames() != 2 || len(m.Frame(0)) != 0 || !bytes.HasPrefix(m.Frame(1), []byte(`{"matches":`)) {
		err = fmt.Errorf("an answer without matches: %.200q", m.Frame(m.NumFrames()-1))
	}
	return m, m.Frame(1), err
}

var seed = maphash.MakeSeed()

// sum asks each text once and returns a sum over the answers, in whatever order
// they come, and the number of matches.
func (c *dealer) sum() (sum uint64, matches int, err error) {
	for sent, got := 0, 0; got < len(c.texts); got++ {
		for ; sent < len(c.texts) && sent-got < inFlight; sent++ {
			if err := c.ask(); err != nil {
				return 0, 0, err
			}
		}
		c.Flush()
		m, body, err := c.answer()
		if err != nil {
			return 0, 0, err
		}
		sum += maphash.Bytes(seed, body)
		matches += bytes.Count(body, []byte(`"rule"`))
		m.Release()
	}
	return sum, matches, nil
}

// load keeps requests in flight and calls begin after the warm-up and end when
// the time is over; it returns how many were answered between them.
func (c *dealer) load(warmUp, length time.Duration, begin, end func()) (requests int, took time.Duration, err error) {
	for range inFlight {
		if err := c.ask(); err != nil {
			return 0, 0, err
		}
	}
	c.Flush()
	warm := time.Now().Add(warmUp)
	var began time.Time
	for {
		m, _, err := c.answer()
		m.Release()
		if err = errors.Join(err, c.ask()); err != nil {
			return 0, 0, err
		}
		if !c.Buffered() {
			c.Flush()
		}
		now := time.Now()
		switch {
		case !began.IsZero():
			requests++
			if now.Sub(began) >= length {
				end()
				return requests, now.Sub(began), nil
			}
		case now.After(warm):
			began = now
			begin()
		}
	}
}
