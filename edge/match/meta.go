package match

// Metadata of rules, which is handed back with a match. Most rules have none, so a sorted list
// names the rules with metadata.

import (
	"encoding/binary"
	"slices"
)

// Meta is the metadata of a rule.
type Meta struct {
	Tags     []string
	Severity string
	Message  string
	Data     []byte // JSON
}

// metaTable is a sorted list of rule numbers and encoded metadata, end to end: record i is
// records[offsets[i]:offsets[i+1]].
type metaTable struct {
	rules   []uint32
	offsets []uint32
	records []byte
}

func (t *metaTable) add(rule uint32, r *Rule) {
	if len(r.Tags) == 0 && r.Severity == "" && r.Message == "" && len(r.Data) == 0 {
		return
	}
	if len(t.offsets) == 0 {
		t.offsets = append(t.offsets, 0)
	}
	t.rules = append(t.rules, rule)
	t.records = binary.AppendUvarint(t.records, uint64(len(r.Tags)))
	for _, tag := range r.Tags {
		t.records = appendString(t.records, tag)
	}
	t.records = appendString(t.records, r.Severity)
	t.records = appendString(t.records, r.Message)
	t.records = appendString(t.records, string(r.Data))
	t.offsets = append(t.offsets, uint32(len(t.records)))
}

// full says whether the table has no room for the metadata of r.
func (t *metaTable) full(r *Rule) bool {
	size := len(r.Severity) + len(r.Message) + len(r.Data) + 64
	for _, tag := range r.Tags {
		if size += len(tag) + binary.MaxVarintLen32; size > maxArena {
			break
		}
	}
	return size > maxArena || len(t.records) > maxArena-size
}

func (t *metaTable) find(rule uint32) Meta {
	i, ok := slices.BinarySearch(t.rules, rule)
	if !ok {
		return Meta{}
	}
	m, _ := decodeMeta(t.records[t.offsets[i]:t.offsets[i+1]])
	return m
}

// decodeMeta reads one record; ok is false if the record is not well-formed.
func decodeMeta(record []byte) (m Meta, ok bool) {
	r := fieldReader{rest: record}
	tags := r.number()
	for i := uint64(0); i < tags && !r.bad; i++ {
		m.Tags = append(m.Tags, string(r.bytes()))
	}
	m.Severity = string(r.bytes())
	m.Message = string(r.bytes())
	if data := r.bytes(); len(data) > 0 {
		m.Data = slices.Clone(data)
	}
	return m, !r.bad && len(r.rest) == 0
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// fieldReader takes uvarints and counted byte strings off a slice. When bytes are missing the
// reader is bad and gives zeros from then on.
type fieldReader struct {
	rest []byte
	bad  bool
}

func (r *fieldReader) number() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || r.bad {
		r.bad = true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// bytes takes a counted string; it is a view.
func (r *fieldReader) bytes() []byte {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.bad = true
	}
	if r.bad {
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}
