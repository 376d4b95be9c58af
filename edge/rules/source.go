package rules

// Opening files, and their kinds.

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
	"trawl/edge/problem"
)

// source is an open file of rules. Read returns the content from the beginning.
type source struct {
	io.Reader
	file  *os.File
	info  fs.FileInfo
	path  string
	kind  string
	rules *File // of a rule file

	digest hash.Hash // SHA-256 of the bytes read; nil: not wanted
}

func (s *source) Close() error { return s.file.Close() }

// open opens the file at path and parses a rule file. Problems are noted; the source is nil if
// nothing can be read. A pipe from the shell, as <(command), works for a word list or rule file,
// since open reads it once.
func (l *loader) open(path string, before []*source) *source {
	if path == "-" {
		l.problems.Add("-", 0, "rules are not read from standard input; name a file")
		return nil
	}
	s, err := openSource(path)
	if err == nil && l.wantKey {
		s.digest = sha256.New()
		s.Reader = io.TeeReader(s.Reader, s.digest)
	}
	if err != nil {
		l.problems.Append(openProblem(path, err))
		return nil
	}
	if s.kind == KindRules && !l.parse(s, before) {
		s.Close()
		return nil
	}
	if s.kind == KindWords && isPackName(path) {
		l.problems.Add(path, 0, "not a pack, or a damaged one; compile it again")
		s.Close()
		return nil
	}
	if s.kind == KindWords && s.isKeyPair() {
		l.problems.Add(path, 0, "a key pair and no word list: its lines would become rules, and be shown; name the right file")
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

// isKeyPair reports whether the file is a secret key, named by mistake.
func (s *source) isKeyPair() bool {
	const limit = 64 << 10 // bytes of a key file
	if !s.info.Mode().IsRegular() || s.info.Size() > limit {
		return false
	}
	text, err := io.ReadAll(io.NewSectionReader(s.file, 0, limit))
	return err == nil && keys.IsPair(string(text))
}

// countWords returns upper bounds for the words in a word list and for their bytes. For a pipe,
// which cannot be read twice, both are 0.
func (s *source) countWords() (words, size int) {
	if !s.info.Mode().IsRegular() {
		return 0, 0
	}
	return countWords(io.NewSectionReader(s.file, 0, s.info.Size()))
}

// parse reads a rule file; false if the file is unreadable or was given before.
func (l *loader) parse(s *source, before []*source) bool {
	for _, other := range before {
		if os.SameFile(s.info, other.info) {
			l.problems.Add(s.path, 0, "given twice, first as %s", other.path)
			return false
		}
	}
	data, wrong := readAll(s.path, s)
	if wrong != nil {
		l.problems.Append(*wrong)
		return false
	}
	s.rules = parse(s.path, data, &l.problems)
	return true
}

// openProblem returns the problem of a file that cannot be read, without the path in the message.
func openProblem(path string, err error) problem.Problem {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return problem.Problem{File: path, Message: "no such file"}
	case errors.Is(err, files.ErrNotRegular):
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return problem.Problem{File: path, Message: "is a folder without rule files (.yaml); name the files in it"}
		}
	}
	return problem.Problem{File: path, Message: "cannot be read: " + err.Error()}
}

// isRuleFile goes by the extension.
func isRuleFile(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".yaml" || ext == ".yml"
}

// isPackName goes by the extension, too.
func isPackName(path string) bool { return strings.EqualFold(filepath.Ext(path), ".pack") }

// wordLine returns the line of the word with an id in the word list at path; 0 if there is none or
// the file cannot be read again.
func wordLine(path, id string) int {
	f, _, err := files.Open(path)
	if err != nil {
		return 0 // a pipe, or gone
	}
	defer f.Close()
	found := 0
	// Problems of the list were noted when its words were added.
	_, _ = ReadWords(f, func(line int, word []byte) {
		if found == 0 && literalID(word) == id {
			found = line
		}
	})
	return found
}
