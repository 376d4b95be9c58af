package match

// The layout of a pack: header, section table, sections. FORMAT.md describes
// it; load.go reads it.

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

const (
	magic         = "trawlpk\x00"
	formatVersion = 2

	headerSize  = 64
	tableEntry  = 24 // bytes per section in the table
	alignment   = 64 // of sections
	maxSections = 64

	// Places in the header.
	atVersion  = 8
	atCount    = 12 // sections
	atLength   = 16 // of the whole pack
	atChecksum = 24 // CRC-32C of header and table, with this field zero
	atHash     = 32 // SHA-256 of everything behind the header
)

// Kinds of sections.
const (
	sectionInfo        = 1 // counts, engine and name
	sectionFlags       = 2 // per rule a byte
	sectionIDOffsets   = 3 // rule i is named ids[offset[i]:offset[i+1]]
	sectionIDs         = 4
	sectionMetaRules   = 5 // rules that have metadata
	sectionMetaOffsets = 6
	sectionMeta        = 7
	sectionRegexes     = 8
	sectionLiterals    = 9 // engine cloudflare

	sectionExact  = 16 // first of the automaton over the text as it is
	sectionFolded = 32 // first of the automaton over folded text

	// To be added to sectionExact or sectionFolded.
	partSlots  = 0
	partEnds   = 1
	partRank   = 2
	partOuts   = 3
	partDepths = 4
	partLists  = 5
	partLong   = 6

	// Engine dfa only.
	partClasses   = 7
	partNext      = 8
	partTerminals = 9
)

// infoSize is the fixed part of the info section; the name follows.
const infoSize = 40

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type section struct {
	kind uint32
	data []byte
}

// assemble lays the sections out as a pack.
func assemble(sections []section) ([]byte, error) {
	size := align(headerSize + len(sections)*tableEntry)
	for _, s := range sections {
		if len(s.data) > math.MaxInt32-size-2*alignment {
			return nil, fmt.Errorf("%w: a pack over 2 GiB", ErrTooLarge)
		}
		size += align(len(s.data))
	}
	data := make([]byte, size)
	copy(data, magic)
	binary.LittleEndian.PutUint32(data[atVersion:], formatVersion)
	binary.LittleEndian.PutUint32(data[atCount:], uint32(len(sections)))
	binary.LittleEndian.PutUint64(data[atLength:], uint64(size))
	at := align(headerSize + len(sections)*tableEntry)
	for i, s := range sections {
		entry := data[headerSize+i*tableEntry:]
		binary.LittleEndian.PutUint32(entry, s.kind)
		binary.LittleEndian.PutUint64(entry[8:], uint64(at))
		binary.LittleEndian.PutUint64(entry[16:], uint64(len(s.data)))
		copy(data[at:], s.data)
		at += align(len(s.data))
	}
	sealPack(data)
	return data, nil
}

// sealPack computes the checksums and the hash of a laid out pack.
func sealPack(data []byte) {
	count := int(binary.LittleEndian.Uint32(data[atCount:]))
	for i := range count {
		entry := data[headerSize+i*tableEntry:]
		at, size := binary.LittleEndian.Uint64(entry[8:]), binary.LittleEndian.Uint64(entry[16:])
		binary.LittleEndian.PutUint32(entry[4:], crc32.Checksum(data[at:at+size], castagnoli))
	}
	hash := sha256.Sum256(data[headerSize:])
	copy(data[atHash:], hash[:])
	binary.LittleEndian.PutUint32(data[atChecksum:], headerChecksum(data, count))
}

func headerChecksum(data []byte, sections int) uint32 {
	head := bytes.Clone(data[:headerSize+sections*tableEntry])
	binary.LittleEndian.PutUint32(head[atChecksum:], 0)
	return crc32.Checksum(head, castagnoli)
}

func align(n int) int { return (n + alignment - 1) &^ (alignment - 1) }

func appendUint32s(dst []byte, values []uint32) []byte {
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint32(dst, v)
	}
	return dst
}

func appendUint64s(dst []byte, values []uint64) []byte {
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint64(dst, v)
	}
	return dst
}

func uint32Section(kind uint32, values []uint32) section {
	return section{kind, appendUint32s(make([]byte, 0, 4*len(values)), values)}
}

func uint64Section(kind uint32, values []uint64) section {
	return section{kind, appendUint64s(make([]byte, 0, 8*len(values)), values)}
}

func (b *Builder) infoSection() section {
	data := binary.LittleEndian.AppendUint32(nil, uint32(b.kind))
	data = binary.LittleEndian.AppendUint32(data, 0)
	data = appendUint64s(data, []uint64{
		uint64(b.stats.Literals), uint64(b.stats.PatternBytes),
		uint64(b.stats.LongestLiteral), uint64(b.stats.States),
	})
	return section{sectionInfo, append(data, b.options.Name...)}
}

// ruleSections are the sections that every engine has.
func (b *Builder) ruleSections() []section {
	flags := make([]byte, len(b.rules))
	offsets := make([]uint32, 1, len(b.rules)+1)
	var ids []byte
	for i, r := range b.rules {
		flags[i] = r.flags
		ids = append(ids, b.idOf(uint32(i))...)
		offsets = append(offsets, uint32(len(ids)))
	}
	list := []section{
		{sectionFlags, flags},
		uint32Section(sectionIDOffsets, offsets),
		{sectionIDs, ids},
	}
	if len(b.metas.rules) > 0 {
		list = append(list,
			uint32Section(sectionMetaRules, b.metas.rules),
			uint32Section(sectionMetaOffsets, b.metas.offsets),
			section{sectionMeta, b.metas.records})
	}
	if len(b.regexes) > 0 {
		list = append(list, b.regexSection())
	}
	return list
}

// regexSection: rule, whether it is hinted, expression.
func (b *Builder) regexSection() section {
	var data []byte
	for _, r := range b.regexes {
		hinted := uint64(0)
		if r.hinted {
			hinted = 1
		}
		data = binary.AppendUvarint(data, uint64(r.rule))
		data = binary.AppendUvarint(data, hinted)
		data = appendString(data, r.expr)
	}
	return section{sectionRegexes, data}
}

// literalSection: rule and bytes, ordered by bytes, then rule.
func (b *Builder) literalSection() section {
	var data []byte
	for _, l := range b.exact {
		data = binary.AppendUvarint(data, uint64(l.rule))
		data = binary.AppendUvarint(data, uint64(l.length))
		data = append(data, l.bytes(b.arena)...)
	}
	return section{sectionLiterals, data}
}

func automatonSections(first uint32, b *automatonBuilder, a *automaton) []section {
	list := []section{
		uint64Section(first+partSlots, a.slots),
		uint64Section(first+partEnds, a.ends),
		uint32Section(first+partRank, a.rank),
		uint32Section(first+partOuts, a.outs),
		{first + partDepths, a.depths},
	}
	if len(a.lists) > 0 {
		list = append(list, uint32Section(first+partLists, a.lists))
	}
	if len(b.long) > 0 {
		var data []byte
		for _, l := range b.long {
			data = binary.AppendUvarint(data, uint64(l.length))
			data = append(data, l.bytes(b.arena)...)
		}
		list = append(list, section{first + partLong, data})
	}
	return list
}
