package job

// A kind of rule sets: what it reads and how.

import (
	"path/filepath"
	"slices"
	"strings"
)

// Kind is a Kind of rule sets.
type Kind struct {
	Name        string                       // for Import
	What        string                       // what it reads, for people
	Extensions  string                       // of its files in a folder, with blanks between them; "-": none
	InFolder    func(path, root string) bool // instead: whether a file found in a folder is one of them
	Open        func() Reader                // begins an import
	ASCIICase   bool                         // only ASCII letters have two cases
	WhyNotRule  string                       // the reason of what is not in its syntax
	TooManyHint string                       // what to do about more rules than a file may have
}

// Reader finds the rules of one import.
type Reader interface {
	Read(j *Job, in *Input) // finds the rules of one file
	Finish(j *Job)          // is called after the last file
}

// Stateless is a reader that knows nothing of the files before.
type Stateless func(j *Job, in *Input)

func (s Stateless) Read(j *Job, in *Input) { s(j, in) }

func (Stateless) Finish(*Job) {}

// holds says whether a file found in a folder is of the kind.
func (k *Kind) holds(path, root string) bool {
	if k.InFolder != nil {
		return k.InFolder(path, root)
	}
	extension := strings.ToLower(filepath.Ext(path))
	if extension == "" {
		extension = "-"
	}
	return slices.Contains(strings.Fields(k.Extensions), extension)
}
