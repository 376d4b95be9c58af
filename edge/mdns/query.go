package mdns

// A query: the same packet on every interface, and the answers to it while they come.

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
}

var standard = querier{to: group, interfaces: Interfaces}

// answer is the records of one packet, and the interface that it came by.
type answer struct {
	records []record
	by      Interface
}

// ErrNoInterface says that no network interface is up that takes multicast packets.
var ErrNoInterface = errors.New("no network interface is up that takes multicast packets: connect this machine to a network")

// query asks until take returns true or ctx ends, which is no error. questions is called before
// each packet that is sent, and may ask for less, or for more, than the time before. query
// returns the interfaces that it has asked on.
func (q *querier) query(ctx context.Context, questions func() []question, take func(answer) (done bool)) ([]Interface, error) {
	interfaces, err := q.interfaces()
	if err != nil {
		return nil, fmt.Errorf("list the network interfaces: %w", err)
	}
	id := uint16(rand.Uint32())
	packet, err := encodeQuery(id, questions())
	if err != nil {
		return nil, err
	}
	answers, stopped := make(chan answer), make(chan struct{})
	var asked []Interface
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
		c, err := openSocket(ctx, i)
		if err != nil {
			failed = err
			continue
		}
		if err := send(c); err != nil { // an interface without an address, most likely
			failed = err
			_ = c.Close()
			continue
		}
		asked, conns = append(asked, i), append(conns, c)
		reading.Go(func() { read(c, id, i, answers, stopped) })
	}
	switch {
	case len(asked) == 0 && failed != nil:
		return nil, fmt.Errorf("ask the local network: %w", failed)
	case len(asked) == 0:
		return nil, ErrNoInterface
	}
	pause := repeatAfter
	repeat := time.NewTimer(pause)
	defer repeat.Stop()
	for {
		select {
		case <-ctx.Done():
			return asked, nil
		case a := <-answers:
			if take(a) {
				return asked, nil
			}
		case <-repeat.C:
			if packet, err = encodeQuery(id, questions()); err != nil {
				return asked, err
			}
			for _, c := range conns {
				_ = send(c) // the next one may get through
			}
			pause *= 3
			repeat.Reset(pause)
		}
	}
}

// read hands the answers to query id that come in at c to answers, until c is closed. Packets that
// are no such answer are dropped.
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
