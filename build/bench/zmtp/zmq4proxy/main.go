// Zmq4proxy is the broker that can be built with go-zeromq/zmq4, for the
// benchmark next to it.
//
//	zmq4proxy FRONT BACK...
//
// Each BACK is for one worker: a DEALER of this library sends every message to
// all of its peers, so spreading requests takes a DEALER per worker.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/go-zeromq/zmq4"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: zmq4proxy FRONT BACK...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "zmq4proxy:", err)
		os.Exit(1)
	}
}

func run(endpoint string, workers []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	front := zmq4.NewRouter(ctx)
	defer front.Close()
	if err := front.Listen(endpoint); err != nil {
		return err
	}
	var backs []zmq4.Socket
	failed := make(chan error)
	for _, endpoint := range workers {
		back := zmq4.NewDealer(ctx)
		defer back.Close()
		if err := back.Listen(endpoint); err != nil {
			return err
		}
		backs = append(backs, back)
		go func() { failed <- relay(back, func() zmq4.Socket { return front }) }()
	}
	turn := 0
	go func() {
		failed <- relay(front, func() zmq4.Socket {
			turn++
			return backs[turn%len(backs)]
		})
	}()
	return <-failed
}

// relay passes on what arrives at from.
func relay(from zmq4.Socket, to func() zmq4.Socket) error {
	for {
		m, err := from.Recv()
		if err == io.EOF {
			return nil // a client that leaves ends the whole socket
		}
		if err != nil {
			return err
		}
		_ = to().SendMulti(m) // to a client that has left
	}
}
