package mdns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
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
	return r, &querier{to: conn.LocalAddr().(*net.UDPAddr).AddrPort(), interfaces: func() ([]Interface, error) { return here, nil }}
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

func ptr(name, target string) dnsmessage.Resource {
	return resource(name, &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(target + ".")})
}

func srv(name, host string, port uint16) dnsmessage.Resource {
	return resource(name, &dnsmessage.SRVResource{Target: dnsmessage.MustNewName(host + "."), Port: port})
}

func txt(name string, strings ...string) dnsmessage.Resource {
	return resource(name, &dnsmessage.TXTResource{TXT: strings})
}

func at(name, address string) dnsmessage.Resource {
	a := netip.MustParseAddr(address)
	if a.Is4() {
		return resource(name, &dnsmessage.AResource{A: a.As4()})
	}
	return resource(name, &dnsmessage.AAAAResource{AAAA: a.As16()})
}

const service = "_trawl._tcp.local"

func browse(t *testing.T, q *querier, time time.Duration) []Instance {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time)
	defer cancel()
	found, asked, err := q.browse(ctx, "_trawl._tcp")
	if err != nil || len(asked) != 1 {
		t.Fatalf("%v, %v", asked, err)
	}
	return found
}

func TestBrowseReadsWholeAnswers(t *testing.T) {
	_, q := respond(t, func(id uint16, questions []dnsmessage.Question) [][]byte {
		if len(questions) != 1 || questions[0].Name.String() != service+"." || questions[0].Type != dnsmessage.TypePTR {
			t.Errorf("questions: %v", questions)
		}
		one := packet(t, id, []dnsmessage.Resource{ptr(service, "pi1 3f2a."+service)}, []dnsmessage.Resource{
			srv("pi1 3f2a."+service, "pi1.local", 5555), txt("pi1 3f2a."+service, "txtvers=1", "Key=abc", "key=other"),
			at("pi1.local", "fe80::1"), at("pi1.local", "fd00::1"), at("pi1.local", "192.168.1.5"), at("pi1.local", "192.168.1.5"),
		})
		// Names in another case, records in another order, strangers beside.
		two := packet(t, id, []dnsmessage.Resource{
			at("PI2.local", "192.168.1.6"), srv("a 0000."+strings.ToUpper(service), "pi2.LOCAL", 7000), at("pi9.local", "192.168.1.9"),
			ptr(strings.ToUpper(service), "a 0000."+service), ptr("_http._tcp.local", "printer._http._tcp.local"), ptr(service, "printer._http._tcp.local"), ptr(service, service),
		}, nil)
		return [][]byte{one, two, one}
	})
	want := []Instance{
		{Name: "a 0000", Host: "pi2.LOCAL", Port: 7000, Addresses: []netip.Addr{netip.MustParseAddr("192.168.1.6")}},
		{Name: "pi1 3f2a", Host: "pi1.local", Port: 5555, Text: []string{"txtvers=1", "Key=abc", "key=other"}, Addresses: []netip.Addr{
			netip.MustParseAddr("192.168.1.5"), netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fe80::1%lo"),
		}},
	}
	got := browse(t, q, 500*time.Millisecond)
	for i := range got {
		if got[i].Interface != "lo" {
			t.Errorf("interface %q", got[i].Interface)
		}
		got[i].Interface = ""
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("found\n%+v, want\n%+v", got, want)
	}
	if v, ok := got[1].Value("KEY"); v != "abc" || !ok {
		t.Errorf("value %q, %v", v, ok)
	}
	if v, ok := got[1].Value("none"); v != "" || ok {
		t.Errorf("value %q, %v", v, ok)
	}
}

// A host that says only what it is asked for is asked for the rest.
func TestBrowseAsksForWhatIsMissing(t *testing.T) {
	r, q := respond(t, func(id uint16, questions []dnsmessage.Question) [][]byte {
		var answers []dnsmessage.Resource
		for _, question := range questions {
			switch name := strings.TrimSuffix(question.Name.String(), "."); {
			case question.Type == dnsmessage.TypePTR:
				answers = append(answers, ptr(service, "pi1."+service))
			case question.Type == dnsmessage.TypeSRV:
				answers = append(answers, srv(name, "pi1.local", 5555))
			case question.Type == dnsmessage.TypeTXT:
				answers = append(answers, txt(name, "v=1"))
			case question.Type == dnsmessage.TypeA && name == "pi1.local":
				answers = append(answers, at(name, "10.0.0.1"))
			}
		}
		return [][]byte{packet(t, id, answers, nil)}
	})
	got := browse(t, q, 5*time.Second) // queries leave at 0, 1 and 4 s
	if len(got) != 1 || got[0].Port != 5555 || len(got[0].Text) != 1 || len(got[0].Addresses) != 1 {
		t.Errorf("%+v", got)
	}
	if n := r.queries.Load(); n != 3 {
		t.Errorf("%d queries", n)
	}
}

func TestNobodyAnswers(t *testing.T) {
	_, q := respond(t, func(uint16, []dnsmessage.Question) [][]byte { return nil })
	if got := browse(t, q, 50*time.Millisecond); len(got) != 0 {
		t.Errorf("found %v", got)
	}
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
	q := &querier{to: group, interfaces: func() ([]Interface, error) { return nil, nil }}
	if _, err := q.lookup(t.Context(), "pi1.local"); !errors.Is(err, ErrNoInterface) {
		t.Error(err)
	}
	q.interfaces = func() ([]Interface, error) { return nil, errors.New("no") }
	if _, _, err := q.browse(t.Context(), "_trawl._tcp"); err == nil || !strings.Contains(err.Error(), "no") {
		t.Error(err)
	}
}

// A flood of instances, hosts, addresses and texts leaves no more than the bounds.
func TestWhatIsKeptIsBounded(t *testing.T) {
	b := browser{service: service, instances: make(map[string]*Instance), hosts: make(map[string]*addresses)}
	for n := range 5_000 {
		name, host := fmt.Sprintf("i%d.%s", n, service), fmt.Sprintf("h%d.local", n)
		var many []string
		for range 30 {
			many = append(many, strings.Repeat("x", 200))
		}
		answers := []dnsmessage.Resource{ptr(service, name), srv(name, host, 1), txt(name, many...)}
		for k := range 100 {
			answers = append(answers, at(host, fmt.Sprintf("10.0.%d.%d", k, n%256)))
		}
		records, err := decodeAnswer(packet(t, 1, answers, nil), 1)
		if err != nil {
			t.Fatal(err)
		}
		b.take(answer{records, Interface{"eth0", 2}})
	}
	if len(b.instances) != maxInstances || len(b.hosts) != maxInstances || len(b.list()) != maxInstances {
		t.Errorf("%d instances, %d hosts", len(b.instances), len(b.hosts))
	}
	for _, i := range b.list() {
		if len(i.Addresses) != maxAddresses || len(i.Text) != maxStrings || cap(i.Text) != maxStrings {
			t.Errorf("%d addresses, %d strings", len(i.Addresses), len(i.Text))
		}
	}
	questions := b.questions()
	if p, err := encodeQuery(1, append(questions, slices.Repeat(questions, 100)...)); err != nil || len(p) > 1400 {
		t.Errorf("%d bytes, %v", len(p), err)
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
	name := "pi1 3f2a." + service
	f.Add(packet(f, 1, []dnsmessage.Resource{ptr(service, name)}, []dnsmessage.Resource{srv(name, "pi1.local", 5555), txt(name, "v=1", ""), at("pi1.local", "fe80::1"), at("pi1.local", "10.0.0.1")}))
	f.Add(packet(f, 1, []dnsmessage.Resource{srv(name, "pi1.local", 5555)}, []dnsmessage.Resource{ptr(service, name)}))
	f.Add(loop)
	f.Fuzz(func(t *testing.T, b []byte) {
		records, err := decodeAnswer(b, 1)
		if err != nil && records != nil || len(records) > 3*maxRecords {
			t.Fatalf("%d records, %v", len(records), err)
		}
		all := browser{service: service, instances: make(map[string]*Instance), hosts: make(map[string]*addresses)}
		all.take(answer{records, Interface{"eth0", 2}})
		for _, i := range all.list() {
			if i.Name == "" || i.Port == 0 || len(i.Addresses) == 0 || len(i.Addresses) > maxAddresses || len(i.Text) > maxStrings {
				t.Errorf("%+v", i)
			}
		}
		if _, err := encodeQuery(1, all.questions()); err != nil {
			t.Errorf("what was heard cannot be asked for: %v", err)
		}
	})
}
