// Package peer is the Go side of the matchers that are compared: it reads the
// words, answers the benchmark's questions and measures. PROTOCOL.md says what
// goes over the pipes. It imports nothing, so that the module of the other
// libraries can use it.
package peer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// pieceSize is how much of a text is searched at once, in bytes.
const pieceSize = 256 << 10

// Ready is said when the words are compiled. What a matcher does not know is 0.
type Ready struct {
	Version      string  `json:"version"`
	Build        float64 `json:"build_s"`       // CPU time
	Memory       int64   `json:"memory"`        // bytes for a scan
	Automaton    int64   `json:"automaton"`     // bytes, of a pack
	PatternBytes int64   `json:"pattern_bytes"` // of a pack
}

// Matcher is what a library is to the benchmark.
type Matcher interface {
	Scan(text []byte) int               // how many matches are in text; they are kept
	Match(i int) (rule, start, end int) // one of those of the last scan
}

// Serve answers questions from standard input until it ends. Those that it
// does not know go to more, if that is not nil.
func Serve(r Ready, m Matcher, more func(command string, args []string) (any, error)) error {
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(r); err != nil {
		return err
	}
	s := server{matcher: m, texts: map[string][]byte{}}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		f := strings.Fields(in.Text())
		if len(f) == 0 {
			continue
		}
		answer, err := s.answer(f[0], f[1:])
		if err == nil && answer == nil && more != nil {
			answer, err = more(f[0], f[1:])
		}
		if err == nil && answer == nil {
			err = fmt.Errorf("unknown question %q", in.Text())
		}
		if err != nil {
			return err
		}
		if err := out.Encode(answer); err != nil {
			return err
		}
	}
	return nil
}

type server struct {
	matcher Matcher
	texts   map[string][]byte // by path
}

func (s *server) answer(question string, args []string) (any, error) {
	switch {
	case question == "scan" && len(args) == 2:
		seconds, err := strconv.ParseFloat(args[1], 64)
		if err != nil {
			return nil, err
		}
		text, err := s.text(args[0])
		return s.scan(text, seconds), err
	case question == "check" && len(args) == 1:
		text, err := s.text(args[0])
		return s.check(text), err
	}
	return nil, nil
}

func (s *server) text(path string) ([]byte, error) {
	if text, ok := s.texts[path]; ok {
		return text, nil
	}
	text, err := os.ReadFile(path)
	s.texts[path] = text
	return text, err
}

// Sample answers the question scan.
type Sample struct {
	CPU     float64 `json:"cpu_s"` // of one pass over the text
	Matches int     `json:"matches"`
}

func (s *server) scan(text []byte, seconds float64) Sample {
	begin, passes, matches := CPU(), 0, 0
	for {
		for _, piece := range Pieces(text) {
			matches += s.matcher.Scan(piece)
		}
		passes++
		if took := CPU() - begin; took >= seconds {
			return Sample{took / float64(passes), matches / passes}
		}
	}
}

// Checked answers the question check.
type Checked struct {
	Matches int    `json:"matches"`
	Sum     string `json:"sum"` // over all matches; their order does not matter
}

func (s *server) check(text []byte) Checked {
	var sum Sum
	for i, piece := range Pieces(text) {
		for j := range s.matcher.Scan(piece) {
			rule, start, end := s.matcher.Match(j)
			sum.Add(rule, i*pieceSize+start, i*pieceSize+end)
		}
	}
	return sum.Checked()
}

// Sum is a checksum of matches.
type Sum struct {
	n   int
	sum uint64
}

// Add takes a match in.
func (s *Sum) Add(rule, start, end int) {
	h := uint64(rule+1)*0x9E3779B97F4A7C15 ^ uint64(start)*0xC2B2AE3D27D4EB4F ^ uint64(end)*0x165667B19E3779F9
	h ^= h >> 29
	h *= 0xBF58476D1CE4E5B9
	s.sum += h ^ h>>32
	s.n++
}

// Checked is what has been added up.
func (s *Sum) Checked() Checked { return Checked{s.n, fmt.Sprintf("%016x", s.sum)} }

// Pieces cuts a text into what is searched at once.
func Pieces(text []byte) [][]byte {
	var pieces [][]byte
	for len(text) > 0 {
		n := min(pieceSize, len(text))
		pieces = append(pieces, text[:n:n])
		text = text[n:]
	}
	return pieces
}

// ReadWords reads a list with a word on each line.
func ReadWords(path string) ([][]byte, error) {
	list, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	words := bytes.Split(bytes.TrimSuffix(list, []byte("\n")), []byte("\n"))
	if len(words[0]) == 0 {
		return nil, fmt.Errorf("%s: %w", path, io.ErrUnexpectedEOF)
	}
	return words, nil
}

// CPU is the CPU time of this process in seconds.
func CPU() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
