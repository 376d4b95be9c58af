package client_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"trawl/edge/client"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Two texts in one request, and an error that says what became of another.
func Example() {
	broker, stop := newTinyBroker()
	defer stop()

	c, err := client.New(client.Options{Brokers: []string{broker}}) // tcp://pi1:5555
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	header := wire.NewRequestHeader()
	header.Want = wire.WantCount
	a, err := c.Do(ctx, &client.Request{Header: header, Texts: [][]byte{[]byte("this here is history"), []byte("nothing")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Release()
	for _, result := range a.Results {
		fmt.Printf("%s\n", result)
	}

	header.Rules = "pii"
	_, err = c.Do(ctx, &client.Request{Header: header, Texts: [][]byte{[]byte("ushers")}})
	var e *wire.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code)
	}
	// Output:
	// {"count":3}
	// {"count":0}
	// unknown_rules
}

// newTinyBroker returns the endpoint of a broker that knows two answers.
func newTinyBroker() (endpoint string, stop func()) {
	endpoint = "inproc://client-example"
	listener, err := zmtp.Listen(endpoint, zmtp.Options{SocketType: "ROUTER"})
	if err != nil {
		panic(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
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
			h, _ := wire.ParseRequestHeader(m.Frame(0))
			m.Release()
			a := wire.AnswerHeader{ID: h.ID, HasID: true}
			results := [][]byte{[]byte(`{"count":3}`), []byte(`{"count":0}`)}
			if h.Rules == "pii" {
				a.Error, results = wire.Errorf(wire.UnknownRules, "no worker has them"), nil
			}
			_ = conn.Send(nil, zmtp.NewMessage(append([][]byte{a.Append(nil)}, results...)...))
		}
	}()
	return endpoint, func() { _ = listener.Close(); <-ended }
}
