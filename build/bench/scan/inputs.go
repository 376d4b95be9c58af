package main

// What is searched for what: word lists and texts, the same in every run.

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	wordCount = 10_000
	textBytes = 16 << 20
	dict      = "/usr/share/dict/words"
)

// input is a text and the words that it is searched for.
type input struct {
	name        string
	words, text string // paths
	lines       int    // of the text
}

func makeInputs(dir string) ([]*input, error) {
	all, err := os.ReadFile(dict)
	if err != nil {
		return nil, fmt.Errorf("%w; install a word list (Debian: wamerican)", err)
	}
	log := syslog(textBytes, 1)
	source, err := goSource(textBytes)
	if err != nil {
		return nil, err
	}
	any3 := func(w string) bool { return len(w) >= 3 }
	var inputs []*input
	for _, in := range []struct {
		name string
		keep func(string) bool
		text []byte
	}{
		{"log, few lines match", longLower, log},
		{"log, most lines match", any3, log},
		{"source code, many lines match", any3, source},
	} {
		i := &input{
			name: in.name, lines: bytes.Count(in.text, []byte("\n")),
			words: filepath.Join(dir, fmt.Sprint("words", len(inputs))), text: filepath.Join(dir, fmt.Sprint("text", len(inputs))),
		}
		words, err := pick(string(all), in.keep)
		if err == nil {
			err = errors.Join(os.WriteFile(i.words, words, 0o600), os.WriteFile(i.text, in.text, 0o600))
		}
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, i)
	}
	return inputs, nil
}

// longLower keeps what seldom is in a log.
func longLower(w string) bool {
	return len(w) >= 8 && strings.IndexFunc(w, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
}

// pick takes wordCount words, evenly over the list.
func pick(list string, keep func(string) bool) ([]byte, error) {
	var words []string
	for w := range strings.Lines(list) {
		if w = strings.TrimSuffix(w, "\n"); keep(w) {
			words = append(words, w)
		}
	}
	if len(words) < wordCount {
		return nil, fmt.Errorf("%s has only %d words to use", dict, len(words))
	}
	var out []byte
	for i := range wordCount {
		out = append(append(out, words[i*len(words)/wordCount]...), '\n')
	}
	return out, nil
}

// goSource strings the Go distribution's sources together.
func goSource(size int) ([]byte, error) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	var text []byte
	err = filepath.WalkDir(filepath.Join(strings.TrimSpace(string(goroot)), "src"), func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(p) != ".go" || strings.Contains(p, "tzdata") {
			return err
		}
		b, err := os.ReadFile(p)
		text = append(text, b...)
		if len(text) >= size {
			return fs.SkipAll
		}
		return err
	})
	if err == nil && len(text) < size {
		err = errors.New("too little text in GOROOT")
	}
	if err != nil {
		return nil, err
	}
	text = bytes.ToValidUTF8(text[:size], nil)
	text = bytes.ReplaceAll(text, []byte{0}, nil)
	return append(text[:bytes.LastIndexByte(text, '\n')], '\n'), nil
}
