package main

// A client and a plain worker that are written with another ZeroMQ library, go-zeromq/zmq4.

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/go-zeromq/zmq4"
)

// othersTakePart shows that a REQ client is answered by trawl's workers, and that trawl's
// client is answered by a plain REP worker, which connects to the endpoint plain.
func (d *demo) othersTakePart(ctx context.Context, clients, plain string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	const text = "h := md5.New() // TODO: not md5"
	fmt.Printf("\na REQ client written with go-zeromq/zmq4 asks about %q:\n", text)
	answer, err := ask(ctx, clients, text)
	if err != nil {
		return fmt.Errorf("REQ client: %w", err)
	}
	fmt.Printf("%s\n", answer)

	worker := zmq4.NewRep(ctx)
	defer worker.Close()
	if err := worker.Dial(plain); err != nil {
		return fmt.Errorf("REP worker: %w", err)
	}
	go func() { _ = countWords(worker) }() // ends with the socket
	fmt.Printf("\na REP worker written with it counts words for trawl's client:\n$ trawl send --rules %s %q\n", zmq4Rules, text)
	return show(d.command(ctx, "send", "--broker", clients, "--rules", zmq4Rules, text))
}

// ask sends one text in plain form and returns its answer.
func ask(ctx context.Context, endpoint, text string) (string, error) {
	s := zmq4.NewReq(ctx)
	defer s.Close()
	if err := s.Dial(endpoint); err != nil {
		return "", err
	}
	if err := s.Send(zmq4.NewMsgString(text)); err != nil {
		return "", err
	}
	answer, err := s.Recv()
	return strings.TrimSpace(string(answer.Bytes())), err
}

// countWords answers every request with how many words its text has.
func countWords(s zmq4.Socket) error {
	for {
		text, err := s.Recv()
		if err != nil {
			return err
		}
		result := fmt.Sprintf(`{"count":%d}`, len(bytes.Fields(text.Bytes())))
		if err := s.Send(zmq4.NewMsgString(result)); err != nil {
			return err
		}
	}
}
