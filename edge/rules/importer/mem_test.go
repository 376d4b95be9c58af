package importer

import (
	"io/fs"
	"path/filepath"
	"slices"
	"testing"

	"trawl/edge/match"
)

// memFiles are files in memory.
type memFiles map[string][]byte

func (m memFiles) read(path string) ([]byte, error) {
	if data, ok := m[path]; ok {
		return data[:min(len(data), maxInput+1)], nil
	}
	return nil, fs.ErrNotExist
}

func (m memFiles) readIn(folder, name string) ([]byte, error) {
	return m.read(filepath.Join(folder, name))
}

func (m memFiles) list(string) ([]fs.DirEntry, error) { return nil, fs.ErrInvalid }

func kindNamed(name string) *kind {
	all := kinds()
	return &all[slices.IndexFunc(all, func(k kind) bool { return k.Name == name })]
}

// compile makes a pack of rules.
func compile(t *testing.T, list []Rule) *match.Pack {
	t.Helper()
	b := match.NewBuilder(match.Options{})
	for i := range list {
		r := list[i].matchRule()
		if err := b.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	pack, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return pack
}

// finder says whether any of the rules matches a text.
func finder(t *testing.T, list []Rule) func(text string) bool {
	t.Helper()
	pack := compile(t, list)
	scratch := pack.NewScratch()
	return func(text string) bool { return pack.Scan(scratch, []byte(text), match.Query{Want: match.WantAny}).Any }
}
