package rules

// Word lists: a literal per line.

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"trawl/edge/human"
)

// MaxLine is the longest line of a word list, in bytes.
const MaxLine = 1 << 20

// bom is the byte order mark of UTF-8.
var bom = []byte("\xef\xbb\xbf")

// WordStats counts words, and what ReadWords has dropped.
type WordStats struct {
	Words int  // lines handed out
	Blank int  // empty lines
	CRLF  int  // lines with a '\r', which was dropped
	BOM   bool // the list began with a byte order mark
}

// LineError is an error in a line of a word list.
type LineError struct {
	Line int // from 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// ReadWords calls each for every word, in order; word is valid during the call only. Memory is
// bounded by the longest line. A '\r' before the end of a line and a byte order mark at the
// beginning are dropped; everything else, also spaces, belongs to the word. A line over MaxLine,
// and a byte 0, which binary files have, are a *LineError; other errors come from r.
func ReadWords(r io.Reader, each func(line int, word []byte)) (WordStats, error) {
	var stats WordStats
	lines := lineReader{r: bufio.NewReaderSize(r, 64<<10)}
	for {
		word, err := lines.next()
		if err != nil {
			return stats, ignoreEOF(err)
		}
		if lines.number == 1 && bytes.HasPrefix(word, bom) {
			word = word[len(bom):]
			stats.BOM = true
		}
		if n := len(word); n > 0 && word[n-1] == '\r' {
			word = word[:n-1]
			stats.CRLF++
		}
		if len(word) == 0 {
			stats.Blank++
			continue
		}
		stats.Words++
		each(lines.number, word)
	}
}

// countWords counts the words in r and their bytes, roughly.
func countWords(r io.Reader) (words, size int) {
	buffer := make([]byte, 64<<10)
	within := false // in a line that is not empty
	for {
		n, err := r.Read(buffer)
		for rest := buffer[:n]; len(rest) > 0; {
			end := bytes.IndexByte(rest, '\n')
			if end != 0 && !within {
				words++
			}
			within = end < 0
			if end < 0 {
				size += len(rest)
				break
			}
			size += end
			rest = rest[end+1:]
		}
		if err != nil {
			return words, size
		}
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

var (
	errLongLine = fmt.Errorf("longer than %s bytes, which no word is; is this a word list?", human.Number(MaxLine))
	errBinary   = errors.New("holds a byte 0, so this is no word list; bytes can be written as hex: in a rule file")
	errUTF16    = errors.New("is UTF-16; save the list as UTF-8")
)

// lineReader returns lines without '\n'.
type lineReader struct {
	r      *bufio.Reader
	long   []byte // a line longer than r's buffer
	number int    // of the line handed out last
}

// next returns the next line, valid until the next call, or io.EOF.
func (l *lineReader) next() ([]byte, error) {
	l.number++
	line, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.rest(line)
	}
	if err != nil && !(errors.Is(err, io.EOF) && len(line) > 0) {
		return nil, err
	}
	line = bytes.TrimSuffix(line, []byte{'\n'})
	switch {
	case l.number == 1 && (bytes.HasPrefix(line, []byte("\xff\xfe")) || bytes.HasPrefix(line, []byte("\xfe\xff"))):
		return nil, &LineError{1, errUTF16}
	case bytes.IndexByte(line, 0) >= 0:
		return nil, &LineError{l.number, errBinary}
	case len(line) > MaxLine:
		return nil, &LineError{l.number, errLongLine}
	}
	return line, nil
}

// rest completes a line longer than r's buffer.
func (l *lineReader) rest(start []byte) ([]byte, error) {
	l.long = append(l.long[:0], start...)
	for {
		more, err := l.r.ReadSlice('\n')
		l.long = append(l.long, more...)
		if !errors.Is(err, bufio.ErrBufferFull) || len(l.long) > MaxLine+1 {
			if errors.Is(err, bufio.ErrBufferFull) {
				err = nil // next refuses the line
			}
			return l.long, err
		}
	}
}
