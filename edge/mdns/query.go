package mdns

// A query: one packet, sent by every interface, and the answers as they arrive.

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// group is the address and port of multicast DNS over IPv4.
var group = netip.AddrPortFrom(netip.AddrFrom4([4]byte{224, 0, 0, 251}), 5353)

// repeatAfter is how long the first packet of a query may go unanswered before the second; the
// pause grows threefold then. Wireless networks lose multicast packets easily.
const repeatAfter = time.Second

// querier sends queries.
type querier struct {
	to         netip.AddrPort
	interfaces func() ([]Interface, error)
	open       func(context.Context, Interface) (*net.UDPConn, error)
}

var standard = querier{to: group, interfaces: Interfaces, open: openSocket}

// answer holds the records of one packet, and the interface by which the packet came.
type answer struct {
	records []record
	by      Interface
}

// ErrNoInterface says: no network interface is up and takes multicast packets.
var ErrNoInterface = errors.New("no network interface is up that takes multicast packets: connect this machine to a network")

// query asks until take returns true or ctx ends; neither is an error.
func (q *querier) query(ctx context.Context, questions []question, take func(answer) (done bool)) error {
	interfaces, err := q.interfaces()
	if err != nil {
		return fmt.Errorf("list the network interfaces: %w", err)
	}
	id := uint16(rand.Uint32())
	packet, err := encodeQuery(id, questions)
	if err != nil {
		return err
	}
	answers, stopped := make(chan answer), make(chan struct{})
	var conns []*net.UDPConn
	var reading sync.WaitGroup
	defer func() {
		close(stopped)
		for _, c := range conns {
			_ = c.Close()
		}
		reading.Wait()
	}()
	send := func(c *net.UDPConn) error {
		_, err := c.WriteToUDPAddrPort(packet, q.to)
		return err
	}
	var failed error
	for _, i := range interfaces {
		c, err := q.open(ctx, i)
		if err != nil {
			failed = err
			continue
		}
		if err := send(c); err != nil { // an interface without an address, most likely
			failed = err
			_ = c.Close()
			continue
		}
		conns = append(conns, c)
		reading.Go(func() { read(c, id, i, answers, stopped) })
	}
	switch {
	case len(conns) == 0 && failed != nil:
		return fmt.Errorf("ask the local network: %w", failed)
	case len(conns) == 0:
		return ErrNoInterface
	}
	pause := repeatAfter
	repeat := time.NewTimer(pause)
	defer repeat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case a := <-answers:
			if take(a) {
				return nil
			}
		case <-repeat.C:
			for _, c := range conns {
				_ = send(c) // the next one may get through
			}
			pause *= 3
			repeat.Reset(pause)
		}
	}
}

// read hands the answers to query id from c to answers, until c is closed. All else is dropped.
func read(c *net.UDPConn, id uint16, by Interface, answers chan<- answer, stopped <-chan struct{}) {
	buffer := make([]byte, maxPacket)
	for {
		n, _, err := c.ReadFromUDPAddrPort(buffer)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			select { // an error of the network, such as a port that nobody listens at
			case <-stopped:
				return
			case <-time.After(10 * time.Millisecond):
			}
			continue
		}
		records, err := decodeAnswer(buffer[:n], id)
		if err != nil || len(records) == 0 {
			continue
		}
		select {
		case answers <- answer{records, by}:
		case <-stopped:
			return
		}
	}
}
