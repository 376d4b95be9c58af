package mdns

// Packets: the queries that are sent, and the records of the answers.

import (
	"errors"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	// maxPacket is the size of the largest packet that multicast DNS allows, in bytes (RFC 6762,
	// section 17).
	maxPacket = 9000
	// maxQuestions is how many questions a query has at most: their answers should fit into a
	// packet.
	maxQuestions = 16
	// maxRecords is how many records of a packet are read.
	maxRecords = 512
	// maxStrings is how many strings of one TXT record are kept.
	maxStrings = 16
)

// question asks for the records of one type under a name.
type question struct {
	name string // without the last dot
	kind dnsmessage.Type
}

// encodeQuery returns the packet that asks questions.
func encodeQuery(id uint16, questions []question) ([]byte, error) {
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: id})
	b.EnableCompression()
	if err := b.StartQuestions(); err != nil {
		return nil, err
	}
	for _, q := range questions[:min(len(questions), maxQuestions)] {
		name, err := dnsmessage.NewName(q.name + ".")
		if err != nil {
			return nil, err
		}
		if err := b.Question(dnsmessage.Question{Name: name, Type: q.kind, Class: dnsmessage.ClassINET}); err != nil {
			return nil, err
		}
	}
	return b.Finish()
}

// record is one record of an answer. Names are without their last dot, as the host has written
// them.
type record struct {
	name    string
	kind    dnsmessage.Type
	target  string     // of PTR and SRV
	port    uint16     // of SRV
	strings []string   // of TXT; at most maxStrings
	address netip.Addr // of A and AAAA
}

// errNotForUs says that a packet is no answer to the query.
var errNotForUs = errors.New("the packet is no answer to the query")

// decodeAnswer returns the records of packet that package mdns knows: those of the sections for
// answers and for additional records. The packet must answer the query id. A packet that ends in
// the middle, or has a name that does not end, is an error.
func decodeAnswer(packet []byte, id uint16) ([]record, error) {
	var p dnsmessage.Parser
	header, err := p.Start(packet)
	if err != nil {
		return nil, err
	}
	if !header.Response || header.ID != id || header.RCode != dnsmessage.RCodeSuccess {
		return nil, errNotForUs
	}
	if err := p.SkipAllQuestions(); err != nil {
		return nil, err
	}
	var all []record
	for section := range 3 { // answers, authorities, additional records
		for n := 0; ; n++ {
			if n == maxRecords {
				return all, nil
			}
			var header dnsmessage.ResourceHeader
			switch section {
			case 0:
				header, err = p.AnswerHeader()
			case 1:
				header, err = p.AuthorityHeader()
			default:
				header, err = p.AdditionalHeader()
			}
			if errors.Is(err, dnsmessage.ErrSectionDone) {
				break
			}
			if err != nil {
				return nil, err
			}
			r, err := decodeRecord(&p, section, header)
			if err != nil {
				return nil, err
			}
			if r.kind != 0 && section != 1 {
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// decodeRecord reads the record under header; its kind is 0 if package mdns does not know it.
func decodeRecord(p *dnsmessage.Parser, section int, header dnsmessage.ResourceHeader) (r record, err error) {
	r.name, r.kind = text(header.Name), header.Type
	switch header.Type {
	case dnsmessage.TypePTR:
		var ptr dnsmessage.PTRResource
		ptr, err = p.PTRResource()
		r.target = text(ptr.PTR)
	case dnsmessage.TypeSRV:
		var srv dnsmessage.SRVResource
		srv, err = p.SRVResource()
		r.target, r.port = text(srv.Target), srv.Port
	case dnsmessage.TypeTXT:
		var txt dnsmessage.TXTResource
		txt, err = p.TXTResource()
		r.strings = txt.TXT[:min(len(txt.TXT), maxStrings):min(len(txt.TXT), maxStrings)]
	case dnsmessage.TypeA:
		var a dnsmessage.AResource
		a, err = p.AResource()
		r.address = netip.AddrFrom4(a.A)
	case dnsmessage.TypeAAAA:
		var a dnsmessage.AAAAResource
		a, err = p.AAAAResource()
		r.address = netip.AddrFrom16(a.AAAA)
	default:
		r.kind = 0
		switch section {
		case 0:
			err = p.SkipAnswer()
		case 1:
			err = p.SkipAuthority()
		default:
			err = p.SkipAdditional()
		}
	}
	return r, err
}

func text(name dnsmessage.Name) string { return strings.TrimSuffix(name.String(), ".") }
