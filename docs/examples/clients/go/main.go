package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"trawl/edge/client"
	"trawl/edge/wire"
)

func main() {
	c, err := client.New(client.Options{Brokers: os.Args[1:]})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	texts := [][]byte{[]byte("this here is history"), []byte("ushers")}
	answer, err := c.Do(context.Background(), &client.Request{Header: wire.NewRequestHeader(), Texts: texts})
	if err != nil {
		log.Fatal(err)
	}
	for _, result := range answer.Results {
		fmt.Printf("%s\n", result)
	}
}
