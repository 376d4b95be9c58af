package zmtp

// The client's side of the CURVE handshake.

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// curveClient is a client's handshake in progress.
type curveClient struct {
	h         *handshake
	transient SecretKey // C'
	server    PublicKey // S', from WELCOME on
	cookie    []byte
	traffic   *boxKey // between C' and S'
}

// The counters of a client's commands. The counter of MESSAGEs goes on from here.
const (
	counterHello    = 1
	counterInitiate = 2
)

func (curve) client(h *handshake) error {
	c := &curveClient{h: h, transient: GenerateKey()}
	began := time.Now()
	if err := c.greet(); err != nil {
		whose := ""
		if h.o.Security.ServerKey == h.o.Security.public {
			whose = ", which is our own"
		}
		return hint(err, began, fmt.Sprintf("its public key may not be %s%s", h.o.Security.ServerKey, whose))
	}
	began = time.Now()
	if err := c.initiate(); err != nil {
		return hint(err, began, fmt.Sprintf("it may not allow our public key %s", h.o.Security.public))
	}
	return nil
}

// greet says HELLO and takes WELCOME.
func (c *curveClient) greet() error {
	s := &c.h.o.Security
	lasting, err := agree(s.ServerKey, c.transient)
	if err != nil {
		return fmt.Errorf("server key %s: %w", s.ServerKey, err)
	}
	own := c.transient.Public()
	hello := make([]byte, 0, helloSize)
	hello = append(hello, curveVersion...)
	hello = append(hello, make([]byte, helloPadding)...)
	hello = append(hello, own[:]...)
	hello = lasting.sealCounted(hello, nonceHello, counterHello, make([]byte, helloPlain))
	if err := c.h.send(cmdHello, hello); err != nil {
		return err
	}

	welcome, err := c.h.expect(cmdWelcome)
	if err != nil {
		return err
	}
	if len(welcome) != welcomeSize {
		return protocolError(fmt.Sprintf("WELCOME of %d bytes", len(welcome)))
	}
	plain, ok := lasting.openRandom(welcome, nonceWelcome)
	if !ok {
		return errBox(cmdWelcome)
	}
	c.server, c.cookie = PublicKey(plain), bytes.Clone(plain[KeySize:])
	c.traffic, err = agree(c.server, c.transient)
	return err
}

// initiate sends INITIATE and takes READY.
func (c *curveClient) initiate() error {
	vouch, err := c.vouch()
	if err != nil {
		return err
	}
	plain := slices.Concat(c.h.o.Security.public[:], vouch, c.h.metadata())
	initiate := c.traffic.sealCounted(c.cookie, nonceInitiate, counterInitiate, plain)
	if err := c.h.send(cmdInitiate, initiate); err != nil {
		return err
	}

	ready, err := c.h.expect(cmdReady)
	if err != nil {
		return err
	}
	metadata, counter, ok := c.traffic.openCounted(ready, nonceReady)
	if !ok {
		return errBox(cmdReady)
	}
	c.h.traffic = newTraffic(c.traffic, nonceByClient, counterInitiate, nonceByServer, counter)
	c.h.peer.Key = c.h.o.Security.ServerKey
	c.h.peer.User = c.h.peer.Key.String()
	return c.h.admit(metadata)
}

// vouch returns the proof that C' is used by the owner of C, for this server.
func (c *curveClient) vouch() ([]byte, error) {
	s := &c.h.o.Security
	k, err := agree(c.server, s.Key)
	if err != nil {
		return nil, err
	}
	own := c.transient.Public()
	return k.sealRandom(nil, nonceVouch, slices.Concat(own[:], s.ServerKey[:])), nil
}
