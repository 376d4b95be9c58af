package match

// The compiled rules, and what a pack tells about itself.

import (
	"crypto/sha256"
	"fmt"
	"io"
	"slices"

	"trawl/edge/files"
)

// Pack is a compiled set of rules. It is immutable and safe for concurrent use.
type Pack struct {
	data   []byte // the whole pack, which the tables below are views of
	mapped []byte // data, if it is a mapped file
	hash   string
	info   Info

	flags   flagTable
	names   nameTable
	texts   func() []string // by rule: the literals that are ids themselves, see ids.go
	metas   metaTable
	regexes []*regexRule // by rule

	triggers triggers
	programs programs
	matcher  matcher
	groups   groupPrograms
}

// Info sums a pack up.
type Info struct {
	Name           string // of the rule set
	Engine         string
	Rules          int
	Literals       int   // of all rules; a literal that a rule repeats counts once
	Regexes        int   // rules that are regexes
	Unhinted       int   // regexes running on every text, see Pack.Regex
	States         int   // of the automata, with those of required literals
	Bytes          int64 // of the pack
	AutomataBytes  int64 // how many of Bytes the automata and the tables take
	PatternBytes   int64 // of all literals
	LongestLiteral int   // bytes
}

// WriteTo writes the pack as [Load] and [Open] read it.
func (p *Pack) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(p.data)
	if err == nil && n < len(p.data) {
		err = io.ErrShortWrite
	}
	return int64(n), err
}

// Hash is the SHA-256 of the content in 64 hex digits. Equal rules compiled with equal options have
// equal hashes.
func (p *Pack) Hash() string { return p.hash }

// FileHash reads the hash of the pack in the file path from the header, without looking at the rest
// of the file. The errors are those of the file, ErrNotPack and ErrVersion.
func FileHash(path string) (string, error) {
	f, _, err := files.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var header [headerSize]byte
	if _, err := io.ReadFull(f, header[:]); err != nil || !IsPack(header[:]) {
		return "", fmt.Errorf("%s: %w", path, ErrNotPack)
	}
	if err := checkVersion(header[:]); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return fmt.Sprintf("%x", header[atHash:]), nil
}

// Verify computes the SHA-256. A pack from another machine is what the hash says only if Verify
// gives no error.
func (p *Pack) Verify() error {
	if sum := fmt.Sprintf("%x", sha256.Sum256(p.data[headerSize:])); sum != p.hash {
		return fmt.Errorf("%w (its content has the hash %s, its header says %s)", ErrDamaged, sum, p.hash)
	}
	return nil
}

// Info sums the pack up.
func (p *Pack) Info() Info { return p.info }

// NumRules is the number of rules; they are numbered from 0.
func (p *Pack) NumRules() int { return p.flags.rules }

// Meta returns a copy of the rule's metadata.
func (p *Pack) Meta(rule int) Meta { return p.metas.find(uint32(rule)) }

// findRegex returns the index of a rule in a list ordered by rule.
func findRegex(regexes []*regexRule, rule uint32) (int, bool) {
	return slices.BinarySearchFunc(regexes, rule, func(r *regexRule, rule uint32) int {
		return int(r.rule) - int(rule)
	})
}

// Supports says whether the engine of the pack can answer w. The engine cloudflare answers rules
// and any only.
func (p *Pack) Supports(w Want) bool { return int(w) < len(wantNames) && p.matcher.supports(w) }

// NewScratch returns what a goroutine needs to scan.
func (p *Pack) NewScratch() *Scratch { return &Scratch{} }
