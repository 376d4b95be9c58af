package mdns

// Packets: encoded queries, and the records of answers.

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
		if q.name == "" {
			return nil, errors.New("the name is empty")
		}
		if err := b.Question(dnsmessage.Question{Name: name, Type: q.kind, Class: dnsmessage.ClassINET}); err != nil {
			return nil, err
		}
	}
	return b.Finish()
}

// record is one record of an answer. Names are in the letter case of the answer, without the last
// dot.
type record struct {
	name    string
	kind    dnsmessage.Type
	address netip.Addr
}

// errNotForUs says: the packet is no answer to the query.
var errNotForUs = errors.New("the packet is no answer to the query")

// decodeAnswer returns the known records of packet, from the sections for answers and for additional
// records. The packet must answer the query id. A packet cut short, or with an endless name, is an
// error.
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

// decodeRecord reads the record under header. Records without an address are skipped: the kind of r
// is 0 then.
func decodeRecord(p *dnsmessage.Parser, section int, header dnsmessage.ResourceHeader) (r record, err error) {
	r.name, r.kind = text(header.Name), header.Type
	switch header.Type {
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
