package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/go-zeromq/zmq4"
)

func main() {
	s := zmq4.NewReq(context.Background())
	if err := s.Dial(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	if err := s.Send(zmq4.NewMsgString("this here is history")); err != nil {
		log.Fatal(err)
	}
	answer, err := s.Recv()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", answer.Bytes())
}
