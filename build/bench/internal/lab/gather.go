package lab

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Gather strings the files of a folder together whose names end with suffix,
// to size bytes; from the beginning again if there is less. Those that
// end with .gz are unpacked.
func Gather(root, suffix string, size int) ([]byte, error) {
	var text bytes.Buffer
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(path, suffix) {
			return err
		}
		if text.Len() >= size {
			return fs.SkipAll
		}
		return appendFile(&text, path)
	})
	if err == nil && text.Len() == 0 {
		err = fmt.Errorf("no %s files in %s", suffix, root)
	}
	if err != nil {
		return nil, err
	}
	for once := text.Len(); text.Len() < size; {
		text.Write(text.Bytes()[:once])
	}
	return text.Bytes()[:size], nil
}

func appendFile(text *bytes.Buffer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	_, err = io.Copy(text, r)
	return err
}
