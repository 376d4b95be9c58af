package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"

	"github.com/go-zeromq/zmq4"
)

func main() {
	s := zmq4.NewRep(context.Background(), zmq4.WithAutomaticReconnect(true))
	if err := s.Dial(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	for {
		text, err := s.Recv()
		if err != nil {
			log.Fatal(err)
		}
		result := fmt.Sprintf(`{"count":%d}`, bytes.Count(text.Bytes(), []byte("is")))
		if err := s.Send(zmq4.NewMsgString(result)); err != nil {
			log.Fatal(err)
		}
	}
}
