package scan

// A line over 1 MiB, which may be as long as it likes, goes in pieces, each a
// text of its own. They overlap so far that every literal lies whole in one
// of them, with the characters before and after it by which `whole` is decided:
//
//	line     ┠──────────────────────────────────────────────
//	piece 1  ┠────────────────────┤
//	piece 2                ┠────────────────────┤
//	                       ├lead┤├┤ look-ahead
//	taken from 1: ends up to here ┘            └ taken from 2: ends up to here
//
// A match is taken from the one piece in whose range its end lies.

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"trawl/edge/match"
	"trawl/edge/wire"
)

// wantPiece: every mode needs the places, to take a match once.
const wantPiece = wire.WantMatches

// piece says which part of a line a text is.
type piece struct {
	base     int64 // offset of the text in its line
	from, to int64 // ends taken, from < end ≤ to, as offsets in the line
	last     bool  // the line ends with this text
}

const lookAhead = utf8.UTFMax

// lead is how much of a piece lies before the ends taken from it. A nocase
// literal can match three times its own bytes: k the Kelvin sign (U+212A).
func lead(overlap int) int { return 3*overlap + match.WordReach }

// longLine deals with a line of which the batch, where it is alone, holds
// longLine+1 bytes; afterwards the batch holds what comes after that line.
func (c *cutter) longLine() error {
	seam := lead(c.o.Overlap) + lookAhead
	var base, from int64
	for !c.file.done.Load() {
		b := c.batch
		b.grow(c.o.longLine + 1 + seam)
		end, last := c.fillPiece()
		c.sniff()
		carry, to := end-seam, end-lookAhead
		if last {
			carry, to = min(end+1, len(b.buf)), end // without the '\n', if there is one
		}
		b.pieces = true
		b.texts = append(b.texts, text{
			file: c.file, at: c.at, data: b.buf[:end],
			piece: &piece{base: base, from: from, to: base + int64(to), last: last},
		})
		from = base + int64(to)
		base += int64(carry)
		c.at += int64(carry)
		if err := c.turn(carry); err != nil || last {
			return err
		}
	}
	return nil
}

// fillPiece reads until the batch is full or the line ends. It returns the
// length of the piece, and whether it is the line's last.
func (c *cutter) fillPiece() (end int, last bool) {
	b := c.batch
	for !b.full() {
		old := len(b.buf)
		_, err := c.fill(c.o.BlockSize)
		if i := bytes.IndexByte(b.buf[old:], '\n'); i >= 0 {
			return old + i, true
		}
		if err != nil && !errors.Is(err, errLull) {
			return len(b.buf), true // the error stays for the next fill
		}
	}
	return len(b.buf), false
}
