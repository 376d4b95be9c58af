package zmtp

// The server's side of the CURVE handshake.

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"slices"
)

// curveServer is a server's handshake in progress.
type curveServer struct {
	h            *handshake
	client       PublicKey // C'
	transient    SecretKey // S'
	cookie       boxKey    // of this connection only
	helloCounter uint64
}

// counterReady is the counter of a server's READY. The counter of MESSAGEs goes on from here.
const counterReady = 1

func (curve) server(h *handshake) error {
	c := &curveServer{h: h, transient: GenerateKey()}
	rand.Read(c.cookie[:])
	hello, err := h.expect(cmdHello)
	if err != nil {
		return err
	}
	if err := c.welcome(hello); err != nil {
		return err
	}
	initiate, err := h.expect(cmdInitiate)
	if err != nil {
		return err
	}
	return c.ready(initiate)
}

// welcome answers HELLO.
func (c *curveServer) welcome(hello []byte) error {
	if len(hello) != helloSize {
		return protocolError(fmt.Sprintf("HELLO of %d bytes; %d are due with CURVE", len(hello), helloSize))
	}
	version, rest := hello[:len(curveVersion)], hello[len(curveVersion)+helloPadding:]
	if string(version) != curveVersion {
		return protocolError(fmt.Sprintf("version %d.%d of CURVE; 1.0 is needed", version[0], version[1]))
	}
	c.client = PublicKey(rest)
	lasting, err := agree(c.client, c.h.o.Security.Key)
	if err != nil {
		return err
	}
	_, counter, ok := lasting.openCounted(rest[KeySize:], nonceHello)
	if !ok {
		return &refusal{ReasonSecurity, errHello}
	}
	c.helloCounter = counter

	own := c.transient.Public()
	plain := slices.Concat(own[:], c.makeCookie())
	return c.h.send(cmdWelcome, lasting.sealRandom(nil, nonceWelcome, plain))
}

func (c *curveServer) makeCookie() []byte {
	return c.cookie.sealRandom(nil, nonceCookie, c.inCookie())
}

func (c *curveServer) inCookie() []byte { return slices.Concat(c.client[:], c.transient[:]) }

// ready answers INITIATE.
func (c *curveServer) ready(initiate []byte) error {
	if len(initiate) < initiateMin {
		return protocolError(fmt.Sprintf("INITIATE of %d bytes; it has at least %d", len(initiate), initiateMin))
	}
	cookie, ok := c.cookie.openRandom(initiate[:cookieSize], nonceCookie)
	if !ok || subtle.ConstantTimeCompare(cookie, c.inCookie()) == 0 {
		return protocolError("INITIATE with a cookie that is not ours")
	}
	traffic, err := agree(c.client, c.transient)
	if err != nil {
		return err
	}
	plain, counter, ok := traffic.openCounted(initiate[cookieSize:], nonceInitiate)
	if !ok {
		return errBox(cmdInitiate)
	}
	if counter <= c.helloCounter {
		return errReplayed(cmdInitiate)
	}
	if err := c.authorize(PublicKey(plain), plain[KeySize:initiateHead]); err != nil {
		return err
	}
	if err := c.h.admit(plain[initiateHead:]); err != nil {
		return err
	}
	c.h.traffic = newTraffic(traffic, nonceByServer, counterReady, nonceByClient, counter)
	return c.h.send(cmdReady, traffic.sealCounted(nil, nonceReady, counterReady, c.h.metadata()))
}

// authorize checks that the client owns the secret key of C, and whether the owner may come in.
func (c *curveServer) authorize(client PublicKey, vouch []byte) error {
	s := &c.h.o.Security
	k, err := agree(client, c.transient)
	if err != nil {
		return err
	}
	vouched, ok := k.openRandom(vouch, nonceVouch)
	if !ok || !bytes.Equal(vouched, slices.Concat(c.client[:], s.public[:])) {
		return protocolError("INITIATE whose vouch does not open: the peer does not own the key it shows")
	}
	user, ok := client.String(), true
	if s.Authorize != nil {
		var named string
		if named, ok = s.Authorize(client); named != "" {
			user = named
		}
	}
	if !ok {
		why := "is not allowed here"
		if user != client.String() {
			why = user
		}
		return &refusal{ReasonSecurity, fmt.Errorf("public key %s %s", client, why)}
	}
	c.h.peer.Key, c.h.peer.User = client, user
	return nil
}
