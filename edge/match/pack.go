package match

// The compiled rules: what a pack tells about itself.

import (
	"crypto/sha256"
	"fmt"
	"io"
	"slices"

	"trawl/edge/files"
)

// Pack is a compiled set of rules. It is immutable and safe for concurrent use.
type Pack struct {
	data   []byte // all of it; the rest are views
	mapped []byte // data, if it is a map
	hash   string
	info   Info

	flags   flagTable
	names   nameTable
	texts   func() []string // ids that are no part of names, by rule
	metas   metaTable
	regexes []*regexRule // by rule

	required prefilter
	programs programs
	groups   groupPrograms
	engine   engine
}

// Info sums a pack up.
type Info struct {
	Name           string // of the rule set
	Engine         string
	Rules          int
	Literals       int   // of all rules, repeated ones of a rule counted once
	Regexes        int   // rules that are one
	Unhinted       int   // regexes that run on every text, see Pack.Regex
	States         int   // of the automata, hints included
	Bytes          int64 // of the pack
	AutomataBytes  int64 // of that, what the automata and their tables take
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

// Hash is the SHA-256 of the content, 64 hex digits: the same rules compiled
// with the same options have the same hash.
func (p *Pack) Hash() string { return p.hash }

// FileHash reads the hash of the pack in the file path from its header, without
// looking at the rest. Its errors are those of the file, ErrNotPack and
// ErrVersion.
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

// Verify computes the SHA-256 anew: a pack from elsewhere is what its hash
// says only if this gives no error.
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

// Meta returns a copy of what the rule says about its matches.
func (p *Pack) Meta(rule int) Meta { return p.metas.find(uint32(rule)) }

// findRegex returns the place of a rule in a list ordered by rule.
func findRegex(regexes []*regexRule, rule uint32) (int, bool) {
	return slices.BinarySearchFunc(regexes, rule, func(r *regexRule, rule uint32) int {
		return int(r.rule) - int(rule)
	})
}

// Supports says whether the pack's engine can answer w. The engine cloudflare
// knows rules and any only.
func (p *Pack) Supports(w Want) bool { return int(w) < len(wantNames) && p.engine.supports(w) }

// NewScratch returns what a goroutine needs to scan.
func (p *Pack) NewScratch() *Scratch { return &Scratch{} }
