// Zmq4peer is a client or a plain worker made with go-zeromq/zmq4, for the
// system tests. It is a program of its own, so that goroutines and data races of the
// library stay out of the tests' process.
//
//	zmq4peer req ENDPOINT COUNT TEXT ANSWER     asks, one request after the other
//	zmq4peer dealer ENDPOINT COUNT TEXT ANSWER  asks in full form, 64 requests at once
//	zmq4peer rep ENDPOINT                       answers with the text in upper case
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"github.com/go-zeromq/zmq4"
)

const window = 64

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "zmq4peer:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "rep":
		return answer(args[1])
	case len(args) == 5 && (args[0] == "req" || args[0] == "dealer"):
		count, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		ask := askOneByOne
		if args[0] == "dealer" {
			ask = askManyAtOnce
		}
		if err := ask(args[1], count, args[3], args[4]); err != nil {
			return err
		}
		fmt.Println("answered", count)
		return nil
	}
	return fmt.Errorf("bad arguments: %q", args)
}

func askOneByOne(endpoint string, count int, text, want string) error {
	s := zmq4.NewReq(context.Background())
	defer s.Close()
	if err := s.Dial(endpoint); err != nil {
		return err
	}
	for range count {
		if err := s.Send(zmq4.NewMsgString(text)); err != nil {
			return err
		}
		m, err := s.Recv()
		if err != nil {
			return err
		}
		if len(m.Frames) != 1 || string(m.Frames[0]) != want {
			return fmt.Errorf("answer %q, want %q", m.Frames, want)
		}
	}
	return nil
}

func askManyAtOnce(endpoint string, count int, text, want string) error {
	s := zmq4.NewDealer(context.Background())
	defer s.Close()
	if err := s.Dial(endpoint); err != nil {
		return err
	}
	waiting := make(map[string]bool)
	for sent := 0; sent < count || len(waiting) > 0; {
		for ; sent < count && len(waiting) < window; sent++ {
			id := strconv.Itoa(sent)
			header := fmt.Sprintf(`{"id":%q,"deadline_ms":60000}`, id)
			if err := s.SendMulti(zmq4.NewMsgFrom([]byte(header), []byte(text))); err != nil {
				return err
			}
			waiting[id] = true
		}
		m, err := s.Recv()
		if err != nil {
			return err
		}
		var header struct{ ID string }
		if len(m.Frames) != 2 || json.Unmarshal(m.Frames[0], &header) != nil || string(m.Frames[1]) != want {
			return fmt.Errorf("answer %q, want %q", m.Frames, want)
		}
		if !waiting[header.ID] {
			return fmt.Errorf("an answer to %q, which did not wait for one", header.ID)
		}
		delete(waiting, header.ID)
	}
	return nil
}

func answer(endpoint string) error {
	s := zmq4.NewRep(context.Background())
	defer s.Close()
	if err := s.Dial(endpoint); err != nil {
		return err
	}
	for {
		m, err := s.Recv()
		if err != nil {
			return err
		}
		if err := s.Send(zmq4.NewMsg(bytes.ToUpper(m.Bytes()))); err != nil {
			return err
		}
	}
}
