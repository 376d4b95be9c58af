package zmtp

// Someone between two ends of CURVE who alters, repeats, cuts and swaps what
// they say, and clients that cheat: none gets further than its first lie.

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestNothingThatWasAlteredIsAccepted(t *testing.T) {
	alterations := map[string]func(body []byte, i int) []byte{
		"bit flipped": func(b []byte, i int) []byte { b[i] ^= 1 << (i % 8); return b },
		"cut":         func(b []byte, i int) []byte { return b[:i] },
	}
	sizes := frameSizes(t)
	for _, step := range steps {
		for name, alter := range alterations {
			t.Run(fmt.Sprintf("%s %s, %s", step.name, step.to, name), func(t *testing.T) {
				t.Parallel()
				for i := range sizes[step.to][step.at] {
					if padding := i >= 8 && i < 8+helloPadding; step.name == "HELLO" && name == "bit flipped" && padding {
						continue // nobody looks at it
					}
					m := meddle(t, func(to direction, at int, frame []byte) [][]byte {
						if to == step.to && at == step.at {
							flags, body := cutRaw(frame)
							frame = rawFrame(flags, alter(body, i))
						}
						return [][]byte{frame}
					})
					m.send()
					got, err := m.receive(t, step.to)
					if !errors.Is(err, ErrProtocol) && !errors.Is(err, errHello) {
						t.Errorf("at byte %d: received %q, %v", i, got, err)
					}
				}
			})
		}
	}
}

// frameSizes returns the sizes of the bodies of the frames that an undisturbed
// connection sends, and checks that it works.
func frameSizes(t *testing.T) map[direction][]int {
	t.Helper()
	var mu sync.Mutex
	sizes := make(map[direction][]int)
	m := meddle(t, func(to direction, _ int, frame []byte) [][]byte {
		mu.Lock()
		defer mu.Unlock()
		_, body := cutRaw(frame)
		sizes[to] = append(sizes[to], len(body))
		return [][]byte{frame}
	})
	m.send()
	for _, d := range []direction{toServer, toClient} {
		if got, err := m.receive(t, d); err != nil || !slices.Equal(got, []string{"hello"}) {
			t.Fatalf("undisturbed, %v: received %q, %v", d, got, err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	return sizes
}

func TestNothingIsAcceptedTwice(t *testing.T) {
	for _, step := range steps {
		t.Run(fmt.Sprintf("%s %s", step.name, step.to), func(t *testing.T) {
			m := meddle(t, func(to direction, at int, frame []byte) [][]byte {
				if to == step.to && at == step.at {
					return [][]byte{frame, frame}
				}
				return [][]byte{frame}
			})
			m.send()
			got, err := m.receive(t, step.to)
			if step.name == "MESSAGE" {
				if err != nil || got[0] != "hello" {
					t.Fatalf("the first time: %q, %v", got, err)
				}
				got, err = m.receive(t, step.to)
			}
			if !errors.Is(err, ErrProtocol) {
				t.Errorf("received %q, %v", got, err)
			}
		})
	}
}

func TestWhatWasRecordedOpensNoOtherConnection(t *testing.T) {
	recorded := map[direction]map[int][]byte{toServer: {}, toClient: {}}
	var mu sync.Mutex
	m := meddle(t, func(to direction, at int, frame []byte) [][]byte {
		mu.Lock()
		defer mu.Unlock()
		recorded[to][at] = bytes.Clone(frame)
		return [][]byte{frame}
	})
	m.send()
	for _, d := range []direction{toServer, toClient} {
		if _, err := m.receive(t, d); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("played to a server", func(t *testing.T) {
		clientEnd, serverEnd := newPipe("recording")
		defer clientEnd.Close()
		played := greeting{version: ours, mechanism: Curve}.encode()
		for at := range 3 {
			played = append(played, recorded[toServer][at]...)
		}
		writeAll(clientEnd, played)
		if c, err := connectEnd(serverEnd, curveListener(), true, patience); !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), "cookie") {
			t.Errorf("%v, %v", c, err)
		}
	})
	for from := 1; from < 3; from++ {
		t.Run(fmt.Sprintf("from frame %d on", from), func(t *testing.T) {
			for _, d := range []direction{toServer, toClient} {
				m := meddle(t, func(to direction, at int, frame []byte) [][]byte {
					if old := recorded[to][at]; to == d && at >= from && old != nil {
						frame = old
					}
					return [][]byte{frame}
				})
				m.send()
				if got, err := m.receive(t, d); !errors.Is(err, ErrProtocol) {
					t.Errorf("%v: received %q, %v", d, got, err)
				}
			}
		})
	}
}

func TestMESSAGEsOutOfOrderOrSentBackAreRefused(t *testing.T) {
	t.Run("swapped", func(t *testing.T) {
		var first []byte
		m := meddle(t, func(to direction, at int, frame []byte) [][]byte {
			switch {
			case to == toServer && at == 2:
				first = frame
				return nil
			case to == toServer && at == 3:
				return [][]byte{frame, first}
			}
			return [][]byte{frame}
		})
		m.send()
		m.send()
		if _, err := m.receive(t, toServer); err != nil {
			t.Fatal(err)
		}
		if got, err := m.receive(t, toServer); !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), "does not grow") {
			t.Errorf("received %q, %v", got, err)
		}
	})
	t.Run("sent back", func(t *testing.T) {
		fromServer := make(chan []byte, 2)
		m := meddle(t, func(to direction, at int, frame []byte) [][]byte {
			if at < 2 {
				return [][]byte{frame}
			}
			if to == toClient {
				fromServer <- frame
				return nil
			}
			<-fromServer // its counter is too low in any case
			return [][]byte{<-fromServer}
		})
		m.send()
		m.server.Send(nil, msg("again"))
		if got, err := m.receive(t, toServer); !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), "does not open") {
			t.Errorf("received %q, %v", got, err)
		}
	})
}

// cheatingClient goes through the handshake as far as WELCOME and leaves the
// rest to cheat, which may also change what it has. It returns the server's error.
func cheatingClient(t *testing.T, transient SecretKey, cheat func(c *curveClient) error) error {
	t.Helper()
	clientEnd, serverEnd := newPipe("cheat")
	defer clientEnd.Close()
	go func() {
		o := Options{SocketType: "DEALER", Security: curveDialer(), HandshakeTimeout: patience}.withDefaults()
		h := &handshake{s: clientEnd, o: &o, announce: "DEALER"}
		c := &curveClient{h: h, transient: transient}
		if err := h.greet(); err != nil {
			t.Error(err)
		}
		if c.greet() == nil {
			cheat(c)
		}
	}()
	_, err := within(t, "handshake", func() (*Conn, error) {
		c, err := connectEnd(serverEnd, curveListener(), true, patience)
		if err == nil {
			c.Close()
		}
		return nil, err
	})
	return err
}

func TestCheatingClientsAreRefused(t *testing.T) {
	// initiate sends an INITIATE made of the parts given.
	initiate := func(c *curveClient, counter uint64, client PublicKey, vouch, metadata []byte) error {
		plain := slices.Concat(client[:], vouch, metadata)
		return c.h.send(cmdInitiate, c.traffic.sealCounted(c.cookie, nonceInitiate, counter, plain))
	}
	// vouch makes one by the owner of key, for inside.
	vouch := func(c *curveClient, key SecretKey, client, server PublicKey) []byte {
		k, err := agree(c.server, key)
		if err != nil {
			t.Fatal(err)
		}
		return k.sealRandom(nil, nonceVouch, slices.Concat(client[:], server[:]))
	}
	public, server, stranger := clientKey().Public(), serverKey().Public(), GenerateKey()
	for name, test := range map[string]struct {
		cheat  func(c *curveClient) error
		reason string
	}{
		"honest": {func(c *curveClient) error {
			return initiate(c, 2, public, vouch(c, clientKey(), c.transient.Public(), server), c.h.metadata())
		}, ""},
		"counter of HELLO again": {func(c *curveClient) error {
			return initiate(c, 1, public, vouch(c, clientKey(), c.transient.Public(), server), c.h.metadata())
		}, "counter"},
		"another's public key": {func(c *curveClient) error {
			return initiate(c, 2, public, vouch(c, stranger, c.transient.Public(), server), c.h.metadata())
		}, "vouch"},
		"vouch for another connection": {func(c *curveClient) error {
			return initiate(c, 2, public, vouch(c, clientKey(), stranger.Public(), server), c.h.metadata())
		}, "vouch"},
		"vouch for another server": {func(c *curveClient) error {
			return initiate(c, 2, public, vouch(c, clientKey(), c.transient.Public(), stranger.Public()), c.h.metadata())
		}, "vouch"},
		"weak public key": {func(c *curveClient) error {
			return initiate(c, 2, PublicKey{}, make([]byte, vouchSize), c.h.metadata())
		}, "weak public key"},
		"no vouch": {func(c *curveClient) error {
			return initiate(c, 2, public, nil, nil)
		}, "INITIATE of"},
		"cookie of its own": {func(c *curveClient) error {
			rubbish := boxKey{}
			c.cookie = rubbish.sealRandom(nil, nonceCookie, make([]byte, 2*KeySize))
			return initiate(c, 2, public, vouch(c, clientKey(), c.transient.Public(), server), c.h.metadata())
		}, "cookie"},
		"no metadata": {func(c *curveClient) error {
			return initiate(c, 2, public, vouch(c, clientKey(), c.transient.Public(), server), nil)
		}, "Socket-Type"},
		"READY of NULL": {func(c *curveClient) error {
			return c.h.sendReady()
		}, `"READY" where INITIATE was due`},
		"message at once": {func(c *curveClient) error {
			return writeAll(c.h.s, AppendFrame(nil, []byte("hi"), false))
		}, "before the handshake was over"},
	} {
		t.Run(name, func(t *testing.T) {
			err := cheatingClient(t, GenerateKey(), test.cheat)
			if (err == nil) != (test.reason == "") || err != nil && !strings.Contains(err.Error(), test.reason) {
				t.Errorf("server: %v, want %q", err, test.reason)
			}
		})
	}
}

func TestAllWeakKeysAreRefused(t *testing.T) {
	for _, z := range []string{ // in hexadecimal, least octet first
		"0000000000000000000000000000000000000000000000000000000000000000", // 0
		"0100000000000000000000000000000000000000000000000000000000000000", // 1
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", // of order 8
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", // of order 8
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p-1
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p+1
	} {
		b, err := hex.DecodeString(z)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := agree(PublicKey(b), GenerateKey()); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v", z, err)
		}
	}
}

func TestWeakTransientKeyIsRefused(t *testing.T) {
	m := meddle(t, func(to direction, at int, frame []byte) [][]byte {
		if to == toServer && at == 0 {
			_, body := cutRaw(frame)
			clear(body[8+helloPadding:][:KeySize])
		}
		return [][]byte{frame}
	})
	if err := m.serverError; !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), "weak") {
		t.Errorf("server: %v", err)
	}
}
