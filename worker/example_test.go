package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
	"trawl/worker"
)

// A worker of one's own: it counts the words of each text, and asks whoever serves the
// rule set pii whether there is something in it that should not be.
func Example() {
	stats := func(ctx context.Context, r *worker.Request) (*worker.Answer, error) {
		found, err := r.Ask(ctx, worker.ToRules("pii"), r.Texts...)
		if err != nil {
			return nil, err
		}
		a := &worker.Answer{}
		for i, text := range r.Texts {
			a.Results = append(a.Results, fmt.Appendf(nil, `{"words":%d,"pii":%s}`, len(strings.Fields(string(text))), found.Results[i]))
		}
		return a, nil
	}

	ctx, stop := context.WithCancel(context.Background())
	broker := newTinyBroker(stop)
	err := worker.Run(ctx, worker.Options{
		Name:    "stats",
		Brokers: []string{broker},
		Slots:   1, // and still it can ask itself
		Handle:  map[string]worker.Handler{"default": stats},
	})
	fmt.Println(err)
	// Output:
	// the worker asks for the rule set pii about "my card is 4711"
	// {"words":4,"pii":{"matches":[]}}
	// <nil>
}

// newTinyBroker returns the endpoint of a broker for one worker and one request; then
// it calls stop.
func newTinyBroker(stop func()) (endpoint string) {
	endpoint = "inproc://worker-example"
	listener, err := zmtp.Listen(endpoint, zmtp.Options{SocketType: "ROUTER"})
	if err != nil {
		panic(err)
	}
	go func() {
		defer listener.Close()
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			m, err := conn.Recv()
			if err != nil {
				return
			}
			switch control := m.Frame(0); wire.KindOf(control) {
			case wire.KindHello:
				send(conn, "W", string(wire.JSONFrame(&wire.Welcome{HeartbeatMS: 60_000, Hops: wire.MaxHops})))
				c := wire.RequestControl{Number: 1, Remaining: wire.MaxDeadline}
				send(conn, string(c.Append(nil)), "my card is 4711")
			case wire.KindSubRequest:
				var h map[string]any
				_ = json.Unmarshal(m.Frame(1), &h)
				fmt.Printf("the worker asks for the rule set %v about %q\n", h["rules"], m.Frame(2))
				ask, _ := wire.ParseSubRequestControl(control)
				c := wire.ReplyControl{Number: ask.Number}
				send(conn, string(c.Append(nil)), `{"worker":"pi4"}`, `{"matches":[]}`)
			case wire.KindReply:
				fmt.Printf("%s\n", m.Frame(1))
				stop()
			case wire.KindDrain:
				send(conn, "D")
			}
			m.Release()
		}
	}()
	return endpoint
}

func send(conn *zmtp.Conn, frames ...string) {
	var bs [][]byte
	for _, f := range frames {
		bs = append(bs, []byte(f))
	}
	_ = conn.Send(nil, zmtp.NewMessage(bs...))
}
