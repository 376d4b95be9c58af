package mdns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// responder is a host on loopback that answers queries as a test tells it.
type responder struct {
	queries atomic.Int64
	conn    *net.UDPConn
}

// respond starts a host whose answers to a query reply returns, a packet each.
func respond(t *testing.T, reply func(id uint16, questions []dnsmessage.Question) [][]byte) (*responder, *querier) {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	r := &responder{conn: conn}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, maxPacket)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			var p dnsmessage.Parser
			header, err := p.Start(b[:n])
			questions, err2 := p.AllQuestions()
			if err := errors.Join(err, err2); err != nil || header.Response {
				t.Errorf("query: %v, %v", header, err)
				continue
			}
			r.queries.Add(1)
			for _, packet := range reply(header.ID, questions) {
				_, _ = conn.WriteToUDPAddrPort(packet, from)
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-ended })
	loopback, err := net.InterfaceByName("lo")
	if err != nil {
		loopback = &net.Interface{Index: 1, Name: "lo"}
	}
	here := []Interface{{loopback.Name, loopback.Index}}
	q := &querier{to: conn.LocalAddr().(*net.UDPAddr).AddrPort(), interfaces: func() ([]Interface, error) { return here, nil }, open: openSocket}
	if os.Getenv("TRAWL_EMULATOR") != "" { // QEMU does not know the options of multicast sockets
		q.open = func(context.Context, Interface) (*net.UDPConn, error) {
			return net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		}
	}
	return r, q
}

// packet makes an answer: extra are its additional records.
func packet(t testing.TB, id uint16, answers, extra []dnsmessage.Resource) []byte {
	t.Helper()
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: id, Response: true, Authoritative: true}, Answers: answers, Additionals: extra}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func resource(name string, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name + "."), Class: dnsmessage.ClassINET, TTL: 10}, Body: body}
}

func at(name, address string) dnsmessage.Resource {
	a := netip.MustParseAddr(address)
	if a.Is4() {
		return resource(name, &dnsmessage.AResource{A: a.As4()})
	}
	return resource(name, &dnsmessage.AAAAResource{AAAA: a.As16()})
}

func TestNobodyAnswers(t *testing.T) {
	_, q := respond(t, func(uint16, []dnsmessage.Question) [][]byte { return nil })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got, err := q.lookup(ctx, "pi1.local"); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestLookup(t *testing.T) {
	for name, test := range map[string]struct {
		packets func(id uint16) [][]byte
		want    string
	}{
		"IPv4 first": {func(id uint16) [][]byte {
			return [][]byte{packet(t, id, []dnsmessage.Resource{at("pi1.local", "fe80::1"), at("PI1.local", "10.0.0.1")}, nil)}
		}, "[10.0.0.1 fe80::1%lo]"},
		"in two packets": {func(id uint16) [][]byte {
			return [][]byte{packet(t, id, []dnsmessage.Resource{at("pi1.local", "fd00::1")}, nil), packet(t, id, []dnsmessage.Resource{at("pi1.local", "10.0.0.1")}, nil)}
		}, "[10.0.0.1 fd00::1]"},
		"IPv6 alone": {func(id uint16) [][]byte {
			return [][]byte{packet(t, id, nil, []dnsmessage.Resource{at("pi1.local", "fd00::1")})}
		}, "[fd00::1]"},
		"after others": {func(id uint16) [][]byte {
			return [][]byte{
				packet(t, id+1, []dnsmessage.Resource{at("pi1.local", "10.0.0.9")}, nil),
				packet(t, id, []dnsmessage.Resource{at("pi9.local", "10.0.0.9"), at("pi1.local", "0.0.0.0"), at("pi1.local", "224.0.0.1"), at("pi1.local", "::ffff:10.0.0.9")}, nil),
				{0xff},
				make([]byte, maxPacket), packet(t, id, []dnsmessage.Resource{at("pi1.local", "10.0.0.1")}, nil),
			}
		}, "[10.0.0.1]"},
	} {
		t.Run(name, func(t *testing.T) {
			_, q := respond(t, func(id uint16, questions []dnsmessage.Question) [][]byte {
				if len(questions) != 2 || questions[0].Type != dnsmessage.TypeA || questions[1].Type != dnsmessage.TypeAAAA || questions[1].Name.String() != "pi1.local." {
					t.Errorf("questions: %v", questions)
				}
				return test.packets(id)
			})
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			got, err := q.lookup(ctx, "pi1.local.")
			if err != nil || fmt.Sprint(got) != test.want {
				t.Errorf("%v, %v; want %s", got, err, test.want)
			}
		})
	}
}

func TestLookupOfWhatIsNoName(t *testing.T) {
	_, q := respond(t, func(uint16, []dnsmessage.Question) [][]byte { return nil })
	for _, name := range []string{"", "..local", strings.Repeat("x", 64) + ".local", strings.Repeat("x.", 130) + "local"} {
		if got, err := q.lookup(t.Context(), name); err == nil || errors.Is(err, ErrNoAnswer) {
			t.Errorf("%q: %v, %v", name, got, err)
		}
	}
}

func TestNoInterface(t *testing.T) {
	q := &querier{to: group, open: openSocket, interfaces: func() ([]Interface, error) { return nil, nil }}
	if _, err := q.lookup(t.Context(), "pi1.local"); !errors.Is(err, ErrNoInterface) {
		t.Error(err)
	}
	q.interfaces = func() ([]Interface, error) { return nil, errors.New("no") }
	if _, err := q.lookup(t.Context(), "pi1.local"); err == nil || !strings.Contains(err.Error(), "no") {
		t.Error(err)
	}
}

func TestRecordsOfAPacketAreBounded(t *testing.T) {
	var answers []dnsmessage.Resource
	for range maxRecords + 100 {
		answers = append(answers, at("x", "10.0.0.1"))
	}
	if records, err := decodeAnswer(packet(t, 1, answers, nil), 1); err != nil || len(records) != maxRecords {
		t.Errorf("%d records, %v", len(records), err)
	}
}

// loop is an answer whose name points to itself.
var loop = []byte{0, 1, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 10, 0, 2, 0xc0, 12}

func TestNamesWithoutEndAreRefused(t *testing.T) {
	if records, err := decodeAnswer(loop, 1); err == nil {
		t.Errorf("%v", records)
	}
}

func TestInterfacesAreThoseOfTheSystem(t *testing.T) {
	got, err := Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range got {
		of, err := net.InterfaceByName(i.Name)
		if err != nil || of.Index != i.Index || of.Flags&net.FlagUp == 0 || of.Flags&net.FlagMulticast == 0 || of.Flags&net.FlagLoopback != 0 {
			t.Errorf("%v: %v, %v", i, of, err)
		}
	}
	if len(got) > maxInterfaces {
		t.Errorf("%d interfaces", len(got))
	}
	t.Log(got)
}

func FuzzAnswer(f *testing.F) {
	f.Add(packet(f, 1, []dnsmessage.Resource{at("pi1.local", "fe80::1"), at("pi1.local", "10.0.0.1")}, nil))
	f.Add(packet(f, 1, nil, []dnsmessage.Resource{resource("pi1.local", &dnsmessage.TXTResource{TXT: []string{"v=1", ""}}), at("pi1.local", "10.0.0.1")}))
	f.Add(loop)
	f.Fuzz(func(t *testing.T, b []byte) {
		records, err := decodeAnswer(b, 1)
		if err != nil && records != nil || len(records) > 2*maxRecords {
			t.Fatalf("%d records, %v", len(records), err)
		}
		var found addresses
		for _, r := range records {
			found.add(r, Interface{"eth0", 2})
		}
		if len(found) > maxAddresses || len(found.sorted()) != len(found) {
			t.Errorf("%d addresses", len(found))
		}
	})
}
