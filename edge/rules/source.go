// Opening files and telling what they are.

package rules

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"trawl/edge/files"
	"trawl/edge/keys"
	"trawl/edge/match"
)

// source is an open file of rules. Read gives its bytes from the beginning.
type source struct {
	io.Reader
	file  *os.File
	info  fs.FileInfo
	path  string
	kind  string
	rules *File // of a rule file

	digest hash.Hash // SHA-256 of what was read; nil: not wanted
}

func (s *source) Close() error { return s.file.Close() }

// open opens the file at path and, if it is a rule file, parses it. What is
// wrong is noted; then, if nothing can be read at all, the source is nil.
// A pipe from the shell, as <(command) makes one, will do for a word list or rule file:
// it is read only once.
func (l *loader) open(path string, before []*source) *source {
	if path == "-" {
		l.problems.add("-", 0, "rules are not read from standard input; name a file")
		return nil
	}
	s, err := openSource(path)
	if err == nil && l.digests {
		s.digest = sha256.New()
		s.Reader = io.TeeReader(s.Reader, s.digest)
	}
	if err != nil {
		l.problems.list = append(l.problems.list, openProblem(path, err))
		return nil
	}
	if s.kind == KindRules && !l.parse(s, before) {
		s.Close()
		return nil
	}
	if s.kind == KindWords && isPackName(path) {
		l.problems.add(path, 0, "not a pack, or a damaged one; compile it again")
		s.Close()
		return nil
	}
	if s.kind == KindWords && s.isKeyPair() {
		l.problems.add(path, 0, "a key pair and no word list: its lines would become rules, and be shown; name the right file")
		s.Close()
		return nil
	}
	return s
}

func openSource(path string) (*source, error) {
	f, info, err := files.OpenInput(path)
	if err != nil {
		return nil, err
	}
	s := &source{file: f, info: info, path: path, kind: KindWords}
	const headSize = 64 // of a pack's header, more than match.IsPack looks at
	head := make([]byte, headSize)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		f.Close()
		return nil, err
	}
	head = head[:n]
	s.Reader = io.MultiReader(bytes.NewReader(head), f)
	switch {
	case match.IsPack(head):
		s.kind = KindPack
	case isRuleFile(path):
		s.kind = KindRules
	}
	return s, nil
}

// isKeyPair reports whether the file is a secret key that was named by mistake.
func (s *source) isKeyPair() bool {
	const most = 64 << 10 // bytes of a key file
	if !s.info.Mode().IsRegular() || s.info.Size() > most {
		return false
	}
	text, err := io.ReadAll(io.NewSectionReader(s.file, 0, most))
	return err == nil && keys.IsPair(string(text))
}

// countWords says how many words a word list has at most, and bytes in them. A
// pipe cannot be read twice: then both are 0.
func (s *source) countWords() (words, size int) {
	if !s.info.Mode().IsRegular() {
		return 0, 0
	}
	return countWords(io.NewSectionReader(s.file, 0, s.info.Size()))
}

// parse reads a rule file; false if it is one of those before, or unreadable.
func (l *loader) parse(s *source, before []*source) bool {
	for _, other := range before {
		if os.SameFile(s.info, other.info) {
			l.problems.add(s.path, 0, "given twice, first as %s", other.path)
			return false
		}
	}
	data, problem := readAll(s.path, s)
	if problem != nil {
		l.problems.list = append(l.problems.list, *problem)
		return false
	}
	s.rules = parse(s.path, data, &l.problems)
	return true
}

// openProblem says why a file cannot be read, without naming it twice.
func openProblem(path string, err error) Problem {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Problem{File: path, Message: "no such file"}
	case errors.Is(err, files.ErrNotRegular):
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return Problem{File: path, Message: "is a folder without rule files (.yaml); name the files in it"}
		}
	}
	return Problem{File: path, Message: "cannot be read: " + err.Error()}
}

// isRuleFile tells rule files by their name's ending.
func isRuleFile(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".yaml" || ext == ".yml"
}

// isPackName tells what is meant to be a pack.
func isPackName(path string) bool { return strings.EqualFold(filepath.Ext(path), ".pack") }

// wordLine returns the line of the word list at path that holds the word with
// that id, 0 if none does or the file cannot be read again.
func wordLine(path, id string) int {
	f, _, err := files.Open(path)
	if err != nil {
		return 0 // it was a pipe, or has gone
	}
	defer f.Close()
	found := 0
	// What is wrong with the list has been said when it was added.
	_, _ = ReadWords(f, func(line int, word []byte) {
		if found == 0 && literalID(word) == id {
			found = line
		}
	})
	return found
}
