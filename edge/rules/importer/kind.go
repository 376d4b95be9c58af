// A kind of rule sets: what it reads and how.

package importer

import (
	"path/filepath"
	"slices"
	"strings"
)

// kind is a kind of rule sets.
type kind struct {
	name       string                       // for Import
	what       string                       // what it reads, for people
	extensions string                       // of its files in a folder, with blanks between them; "-": none
	inFolder   func(path, root string) bool // instead: whether a file found in a folder is one of them
	open       func() reader                // begins an import
	asciiCase  bool                         // only ASCII letters have two cases
	alien      string                       // the reason of what is not in its syntax
	tooMany    string                       // what to do about more rules than a file may have
}

// reader finds the rules of one import.
type reader interface {
	read(j *job, in *input) // finds the rules of one file
	finish(j *job)          // is called after the last file
}

// stateless is a reader that knows nothing of the files before.
type stateless func(j *job, in *input)

func (s stateless) read(j *job, in *input) { s(j, in) }
func (stateless) finish(*job)              {}

// holds says whether a file found in a folder is of the kind.
func (k *kind) holds(path, root string) bool {
	if k.inFolder != nil {
		return k.inFolder(path, root)
	}
	extension := strings.ToLower(filepath.Ext(path))
	if extension == "" {
		extension = "-"
	}
	return slices.Contains(strings.Fields(k.extensions), extension)
}
