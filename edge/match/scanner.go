package match

// A text that comes in pieces. What may still be part of a match is kept and
// scanned again together with what follows, a window at a time; a match is
// taken from the window in whose range it ends:
//
//	├ lead ┤ ends taken: (from, to] ├ahead┤
//	window of the text ──────────────────────
//
// The lead holds whatever a match that ends in the range can begin with, and the
// character before that. The rune ahead decides about `whole`.

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Errors of [Pack.NewScanner] and [Scanner.Write].
var (
	// ErrRegexStream: a regex can match a text of any length, so a Scanner
	// cannot find it; see ScannerOptions.LiteralsOnly.
	ErrRegexStream = errors.New("the pack holds regexes, which cannot be found in a text that comes in pieces")
	// ErrClosed: the text has ended.
	ErrClosed = errors.New("the scanner is closed: Reset begins another text")
)

// ScannerOptions change what a [Scanner] does.
type ScannerOptions struct {
	// LiteralsOnly leaves the regexes of a pack out; without it a pack that has
	// any is refused with ErrRegexStream.
	LiteralsOnly bool
}

// Scanner finds the literals of a pack in a text that comes in pieces, with no
// regard to where it was cut: the same matches as a [Pack.Scan] of the whole,
// regexes excepted, in the same order. Its memory depends on the pack alone:
// about 256 KiB, or a few times the longest literal if that is more.
//
// A match is reported once it is known, at the latest when so many bytes have
// followed as the longest literal has, at [Scanner.Flush] or at
// [Scanner.Close]. Not safe for concurrent use. The pack must not be closed before.
type Scanner struct {
	pack    *Pack
	each    func(Match) error
	scratch Scratch

	lead, ahead int // bytes: what a match can reach back, and forward
	step        int // bytes that are scanned at once at least
	window      int // most bytes of buf
	limit       int // matches asked for at once

	buf    []byte // the text from base on
	base   int64
	from   int64 // matches that end here or before are reported
	err    error // sticks
	closed bool
}

const (
	scannerLimit = 16 << 10
	// maxStreamed bounds literals, so that a few windows fit a 32-bit machine.
	maxStreamed = 64 << 20
)

// NewScanner begins a text. Matches are given to each, in the order end, start,
// rule, with offsets from the beginning of the text; an error that it returns
// ends the scan, and Write, Flush or Close returns it.
//
// The error is ErrRegexStream, ErrUnsupported for the engine cloudflare, or
// ErrTooLarge for literals over 64 MiB.
func (p *Pack) NewScanner(o ScannerOptions, each func(Match) error) (*Scanner, error) {
	if !p.Supports(WantMatches) {
		return nil, fmt.Errorf("%w (%s): it tells no places", ErrUnsupported, p.info.Engine)
	}
	if p.info.Regexes > 0 && !o.LiteralsOnly {
		return nil, fmt.Errorf("%w (%d of its %d rules): scan with LiteralsOnly to leave them out", ErrRegexStream, p.info.Regexes, p.info.Rules)
	}
	if p.info.LongestLiteral > maxStreamed {
		return nil, fmt.Errorf("%w: a literal of %d bytes in a text that comes in pieces", ErrTooLarge, p.info.LongestLiteral)
	}
	s := &Scanner{pack: p.literals(), each: each, limit: scannerLimit}
	s.lead = p.info.LongestLiteral + utf8.UTFMax
	for _, f := range p.flags.bytes {
		if f&ruleNoCase != 0 {
			s.lead = 3*p.info.LongestLiteral + utf8.UTFMax // k can be the Kelvin sign, three bytes
		}
	}
	s.step = s.lead
	if slices.ContainsFunc(p.flags.bytes, func(f byte) bool { return f&ruleWhole != 0 }) {
		s.lead += WordReach
		s.ahead = utf8.UTFMax
	}
	s.window = max(windowSize, 3*(s.lead+s.ahead))
	return s, nil
}

// literals is the pack without its regexes: their atoms are seen and trigger
// nothing.
func (p *Pack) literals() *Pack {
	e := *p.engine.(*automata)
	e.programs = &programs{}
	e.required = prefilter{triggerOffsets: make([]uint32, len(e.required.triggerOffsets))}
	return &Pack{info: p.info, flags: p.flags, engine: &e}
}

// Write takes the next piece of the text, which it does not keep. It returns
// len(piece), or the error of each.
func (s *Scanner) Write(piece []byte) (int, error) {
	for rest := piece; len(rest) > 0; {
		if s.err != nil {
			return len(piece) - len(rest), s.err
		}
		n := min(len(rest), s.window-len(s.buf))
		s.buf = append(s.buf, rest[:n]...)
		rest = rest[n:]
		// What is new shall outweigh what is scanned again.
		if len(s.buf) == s.window || s.known()-s.from >= int64(s.step) {
			s.scan(s.known())
		}
	}
	return len(piece), s.err
}

// Flush reports what is known so far.
func (s *Scanner) Flush() error {
	if s.err == nil {
		s.scan(s.known())
	}
	return s.err
}

// Close ends the text and reports the rest. Its error is that of each; a
// second call does nothing.
func (s *Scanner) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	if s.err == nil {
		s.scan(s.Offset())
	}
	if s.err != nil {
		return s.err
	}
	s.err = ErrClosed
	return nil
}

// Reset begins another text; what the last one still had is dropped.
func (s *Scanner) Reset() {
	s.buf, s.base, s.from, s.err, s.closed = s.buf[:0], 0, 0, nil, false
}

// Offset is the number of bytes written.
func (s *Scanner) Offset() int64 { return s.base + int64(len(s.buf)) }

// known is up to where matches are, if no more is written.
func (s *Scanner) known() int64 { return max(s.from, s.Offset()-int64(s.ahead)) }

// scan reports the matches that end after from and up to to.
func (s *Scanner) scan(to int64) {
	for s.from < to && s.err == nil {
		r := s.pack.Scan(&s.scratch, s.buf, Query{Limit: s.limit})
		until := to
		if r.Truncated { // of those that end where the last one does there may be more
			until = min(to, s.base+r.Matches[len(r.Matches)-1].End-1)
		}
		reported := s.report(r.Matches, until)
		if r.Truncated && 2*reported < s.limit { // most were reported before
			s.limit *= 2
		}
		s.from = max(s.from, until)
		s.slide()
	}
}

// report gives out what ends up to until and counts it.
func (s *Scanner) report(matches []Match, until int64) (n int) {
	for _, m := range matches {
		m.Start, m.End = m.Start+s.base, m.End+s.base
		if m.End <= s.from {
			continue
		}
		if m.End > until {
			break
		}
		n++
		if s.err = s.each(m); s.err != nil {
			break
		}
	}
	return n
}

// slide forgets what lies before the lead.
func (s *Scanner) slide() {
	if n := int(s.from - int64(s.lead) - s.base); n > 0 {
		s.buf = s.buf[:copy(s.buf, s.buf[n:])]
		s.base += int64(n)
	}
}
