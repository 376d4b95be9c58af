package release

// The document: what is signed.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"trawl/edge/escape"
	"trawl/edge/wire"
)

const (
	// Format is the version of documents that this package reads and writes.
	Format = 1
	// MaxDocument is the most bytes of a document.
	MaxDocument = 256 << 10
	// MaxNumber is the highest number that a release may have.
	MaxNumber = 999_999_999
	// MaxMembers is how many members a bundle may have.
	MaxMembers = 256
	// MaxBundle is the most bytes of all members of a bundle.
	MaxBundle = 1 << 30
	// MaxNote and MaxBy are the most bytes of the two texts.
	MaxNote = 500
	MaxBy   = 100

	maxMemberName = 100
	maxMemory     = 1 << 40 // bytes, of each figure
	maxPackFormat = 1 << 16
	packEnding    = ".pack"
)

// Document describes a release. A document has one encoding, see [Document.Encode].
type Document struct {
	Format  int      `json:"trawl_release"`
	Set     string   `json:"set"`
	Number  uint64   `json:"number"` // 1 to MaxNumber
	By      string   `json:"by"`     // who has made the release, for people
	Note    string   `json:"note"`   // what has changed, for people
	Made    string   `json:"made"`   // the day, 2006-01-02; for people only, boards have no clock
	Members []Member `json:"members"`
	Pack    Pack     `json:"pack"`
}

// Member is a file of a bundle. The first member is the pack, named SET.pack; the others are
// the sources of the pack, in the order in which they are compiled.
type Member struct {
	Name   string `json:"name"` // letters, digits and ._- only
	Size   int64  `json:"size"` // bytes
	Chunks []Hash `json:"chunks"`
}

// Pack says what the pack of a bundle needs.
type Pack struct {
	Format int    `json:"format"` // of the pack, see match.FormatVersion
	Memory Memory `json:"memory"`
}

// Memory is what the rules take at a worker, in bytes.
type Memory struct {
	Pack     int64 `json:"pack"`     // mapped: in the page cache, once for all workers of a board
	Programs int64 `json:"programs"` // of the heap, once all rules have been used
	PerSlot  int64 `json:"per_slot"` // of the heap, for each slot
	Load     int64 `json:"load"`     // of the heap, while the pack is opened, and what stays of that
	Compile  int64 `json:"compile"`  // of the heap, while the sources are compiled
}

// Needed is what a worker with so many slots has to have free to take the rules.
func (m *Memory) Needed(slots int, compiling bool) int64 {
	n := m.Pack + m.Programs + m.PerSlot*int64(slots)
	if compiling {
		return n + max(m.Load, m.Compile)
	}
	return n + m.Load
}

// Version is the release's place in the order of releases; document is what was decoded.
func (d *Document) version(document []byte) Version {
	return Version{d.Number, HashOf(document)}
}

// Size is the bytes of all members.
func (d *Document) Size() (sum int64) {
	for i := range d.Members {
		sum += d.Members[i].Size
	}
	return sum
}

// SourceSize is the size of all members but the pack.
func (d *Document) SourceSize() int64 { return d.Size() - d.Members[0].Size }

// Encode returns the one encoding of the document: JSON without white space, the keys in the
// order of the fields, characters as they are where JSON allows that. The error says what is
// wrong with the document.
func (d *Document) Encode() ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	b, err := d.marshal()
	if err == nil && len(b) > MaxDocument {
		err = fmt.Errorf("the document would have %d bytes, at most %d are allowed: put several rule files into one", len(b), MaxDocument)
	}
	return b, err
}

func (d *Document) marshal() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Decode reads a document. Everything is refused but the one encoding of a valid document:
// unknown, repeated and missing keys, keys in another case or order, numbers written in
// another way, white space, anything behind the object.
func Decode(document []byte) (*Document, error) {
	if len(document) > MaxDocument {
		return nil, fmt.Errorf("the document has %d bytes, at most %d are allowed", len(document), MaxDocument)
	}
	var head struct {
		Format *int `json:"trawl_release"`
	}
	switch err := json.Unmarshal(document, &head); {
	case err != nil || head.Format == nil:
		return nil, fmt.Errorf("no document of a release: JSON that begins with {\"trawl_release\":%d is expected", Format)
	case *head.Format != Format:
		return nil, fmt.Errorf("a document of format %d, and this trawl reads format %d: use a trawl of the same age as the one that made the release", *head.Format, Format)
	}
	d := &Document{}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(d); err != nil {
		return nil, escape.Errorf("the document of the release is wrong: %v", err)
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	again, err := d.marshal()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, document) {
		return nil, fmt.Errorf("the document of release %d of %s is not written as documents are: keys are missing, repeated or in another order, or there is white space", d.Number, d.Set)
	}
	return d, nil
}

// check says what is wrong with a document.
func (d *Document) check() error {
	switch {
	case d.Format != Format:
		return fmt.Errorf("the document is of format %d, not %d", d.Format, Format)
	case !wire.ValidReleaseSet(d.Set):
		return CheckSet(d.Set)
	case d.Number < 1 || d.Number > MaxNumber:
		return fmt.Errorf("number %d: a release has a number from 1 to %d", d.Number, MaxNumber)
	case len(d.By) > MaxBy || escape.Hides(d.By):
		return fmt.Errorf("who has made the release must be text of at most %d bytes, without characters that cannot be seen", MaxBy)
	case len(d.Note) > MaxNote || escape.Hides(d.Note):
		return fmt.Errorf("the note must be text of at most %d bytes, without line breaks and characters that cannot be seen", MaxNote)
	case d.Pack.Format < 1 || d.Pack.Format > maxPackFormat:
		return fmt.Errorf("%d is no format of packs", d.Pack.Format)
	}
	if day, err := time.Parse(time.DateOnly, d.Made); err != nil || day.Format(time.DateOnly) != d.Made {
		return escape.Errorf("%q is no day: 2006-01-31 is one", d.Made)
	}
	m := &d.Pack.Memory
	for _, figure := range []int64{m.Pack, m.Programs, m.PerSlot, m.Load, m.Compile} {
		if figure < 0 || figure > maxMemory {
			return fmt.Errorf("%d is no number of bytes that rules could take", figure)
		}
	}
	return d.checkMembers()
}

// CheckSet says why a rule set of that name cannot have releases; nil: it can.
func CheckSet(name string) error {
	if wire.ValidReleaseSet(name) {
		return nil
	}
	return escape.Errorf("%q cannot be the name of a rule set with releases: use 1 to 64 of a-z, 0-9, '.', '_' and '-', and begin with a letter or a digit", name)
}

func (d *Document) checkMembers() error {
	if n := len(d.Members); n < 2 || n > MaxMembers {
		return fmt.Errorf("%d members: a release has a pack and 1 to %d sources", n, MaxMembers-1)
	}
	names := make(map[string]bool, len(d.Members))
	sizes := make(map[Hash]int)
	bundle := int64(0)
	for i := range d.Members {
		m := &d.Members[i]
		name := strings.ToLower(m.Name) // some file systems take names for the same
		switch {
		case !validMemberName(m.Name):
			return escape.Errorf("%q cannot be the name of a member", m.Name)
		case names[name]:
			return escape.Errorf("two members are called %q", m.Name)
		case i == 0 && m.Name != d.Set+packEnding:
			return escape.Errorf("the first member is called %q and not %q", m.Name, d.Set+packEnding)
		case i > 0 && strings.HasSuffix(name, packEnding):
			return escape.Errorf("the source %q has the name of a pack", m.Name)
		case m.Size < 1 || m.Size > MaxBundle:
			return fmt.Errorf("%s has %d bytes: 1 to %d are allowed", m.Name, m.Size, MaxBundle)
		case int64(len(m.Chunks)) != (m.Size+ChunkSize-1)/ChunkSize:
			return fmt.Errorf("%s has %d bytes and %d chunks of %d bytes, which do not fit", m.Name, m.Size, len(m.Chunks), ChunkSize)
		}
		names[name] = true
		if bundle += m.Size; bundle > MaxBundle {
			return fmt.Errorf("the members have more than %d bytes", MaxBundle)
		}
		for c, hash := range m.Chunks {
			size := m.ChunkSize(c)
			if other, known := sizes[hash]; known && other != size {
				return fmt.Errorf("the chunk %s has two sizes", hash)
			}
			sizes[hash] = size
		}
	}
	return nil
}

// ChunkSize is how many plain bytes the chunk number i has.
func (m *Member) ChunkSize(i int) int {
	return int(min(ChunkSize, m.Size-int64(i)*ChunkSize))
}

// validMemberName allows what is a file's name everywhere, and nothing hidden.
func validMemberName(name string) bool {
	if name == "" || len(name) > maxMemberName || name[0] == '.' || name[0] == '-' {
		return false
	}
	for i := range len(name) {
		if !memberChar(name[i]) {
			return false
		}
	}
	return true
}

func memberChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
}

// ChunkRef is a chunk that a document names.
type ChunkRef struct {
	Hash Hash
	Size int // plain bytes
}

// Chunks lists the chunks of all members in their order, each hash once.
func (d *Document) Chunks() []ChunkRef {
	var list []ChunkRef
	seen := make(map[Hash]bool)
	for i := range d.Members {
		m := &d.Members[i]
		for c, hash := range m.Chunks {
			if !seen[hash] {
				seen[hash] = true
				list = append(list, ChunkRef{hash, m.ChunkSize(c)})
			}
		}
	}
	return list
}

// KeepSources is the most bytes of all sources that a worker keeps beside the pack: for their
// examples, and to compile them when a later program has packs of another format.
const KeepSources = 4 << 20

// Wanted lists the members, by their place, that a worker fetches whose program has packs of that
// format: the pack, and the sources if they are few; all sources if they are to be compiled.
func (d *Document) Wanted(format int) (members []int, compile bool) {
	compile = d.Pack.Format != format
	for i := range d.Members {
		if i == 0 && !compile || i > 0 && (compile || d.SourceSize() <= KeepSources) {
			members = append(members, i)
		}
	}
	return members, compile
}
