package zmtp_test

import (
	"context"
	"fmt"

	"trawl/edge/zmtp"
)

// A server that sends back what it gets, and a client that dials it. The empty
// frame is the delimiter that a REQ puts before its request; it is the
// callers' business.
func Example() {
	l, err := zmtp.Listen("tcp://127.0.0.1:0", zmtp.Options{SocketType: "ROUTER"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		for {
			m, err := c.Recv() // m is ours
			if err != nil {
				return
			}
			if err := c.Send(nil, m); err != nil { // and given away
				return
			}
		}
	}()

	c, err := zmtp.Dial(context.Background(), l.Endpoint(), zmtp.Options{SocketType: "REQ"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	c.Send(nil, zmtp.NewMessage(nil, []byte("this here is history")))
	m, err := c.Recv()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Release()
	fmt.Printf("%d frames from a %s: %q\n", m.NumFrames(), c.Peer().SocketType, m.Frame(1))
	// Output: 2 frames from a ROUTER: "this here is history"
}

// With CURVE the dialer knows the listener's public key, and the listener
// decides whose key may come in.
func ExampleSecurity() {
	server, client := zmtp.GenerateKey(), zmtp.GenerateKey()
	l, err := zmtp.Listen("tcp://127.0.0.1:0", zmtp.Options{
		SocketType: "ROUTER",
		Security: zmtp.Security{
			Mechanism: zmtp.Curve,
			Key:       server,
			Authorize: func(key zmtp.PublicKey) (user string, ok bool) { return "attic", key == client.Public() },
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go func() {
		c, err := zmtp.Dial(context.Background(), l.Endpoint(), zmtp.Options{
			SocketType: "DEALER",
			Security:   zmtp.Security{Mechanism: zmtp.Curve, Key: client, ServerKey: server.Public()},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		c.Send(nil, zmtp.NewMessage([]byte("nobody else can read this")))
		c.Drain(context.Background())
	}()

	c, err := l.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	m, err := c.Recv()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Release()
	fmt.Printf("%s from %s: %q\n", c.Peer().Mechanism, c.Peer().User, m.Frame(0))
	// Output: CURVE from attic: "nobody else can read this"
}

// A frame written in place needs no copy.
func ExampleBuilder() {
	b := zmtp.NewBuilder(64)
	b.AppendFrame(nil)
	b.Begin()
	fmt.Fprintf(b, `{"matches":%d}`, 3)
	b.End()
	m := b.Message()
	defer m.Release()
	fmt.Printf("%d frames, %d bytes: %s\n", m.NumFrames(), m.Size(), m.Frame(1))
	// Output: 2 frames, 17 bytes: {"matches":3}
}
