package match

// The layout of a pack: header, sections, section table. FORMAT.md describes the layout; write.go
// writes packs and load.go reads packs.

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// FormatVersion is the version of packs that this package writes and reads. Packs of other versions
// are refused and have to be compiled from the rules again.
const FormatVersion = 4

const (
	magic = "trawlpk\x00"

	headerSize  = 64
	tableEntry  = 24 // bytes per section in the table
	alignment   = 64 // of sections
	maxSections = 64

	// Offsets in the header.
	atVersion  = 8
	atCount    = 12 // sections
	atLength   = 16 // of the whole pack
	atChecksum = 24 // CRC-32C of header and table, with this field zero
	atHash     = 32 // SHA-256 of everything behind the header
)

// Kinds of sections.
const (
	sectionInfo        = 1 // counts, engine and name
	sectionFlags       = 2 // per rule a byte, or one for all
	sectionIDOffsets   = 3 // the n-th id is ids[offset[n]:offset[n+1]]
	sectionIDs         = 4
	sectionMetaRules   = 5 // rules with metadata
	sectionMetaOffsets = 6
	sectionMeta        = 7
	sectionRegexes     = 8
	sectionLiterals    = 9  // engine cloudflare
	sectionNamed       = 10 // which rules have an id
	sectionNamedRank   = 11

	// What regexes require, see triggers.go.
	sectionTriggerOffsets = 48
	sectionTriggers       = 49
	sectionFormulaOffsets = 50
	sectionFormulas       = 51

	sectionExact  = 16 // first of the automaton over the text as it is
	sectionFolded = 32 // first of the automaton over folded text

	// To be added to sectionExact or sectionFolded.
	partCells  = 0
	partEnds   = 1
	partRank   = 2
	partOuts   = 3
	partDepths = 4
	partLists  = 5
	partLong   = 6

	// Engines dfa and sdfa only.
	partClasses   = 7
	partNext      = 8 // dfa
	partTerminals = 9
	partShallow   = 10 // sdfa
	partDeep      = 11 // sdfa

	partDA4    = 12 // engine da4, instead of partCells
	partQgrams = 13 // where literals are long enough; not with engine da4
)

// isAutomaton says whether a section is part of an automaton.
func isAutomaton(kind uint32) bool { return kind >= sectionExact && kind < sectionTriggerOffsets }

// infoSize is the fixed part of the info section; the name follows.
const infoSize = 48

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// headerChecksum is the CRC-32C of a header, with its own field zero, and of the section table.
func headerChecksum(header, table []byte) uint32 {
	head := bytes.Clone(header[:headerSize])
	binary.LittleEndian.PutUint32(head[atChecksum:], 0)
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, table)
}

func align(n int64) int64 { return (n + alignment - 1) &^ (alignment - 1) }
