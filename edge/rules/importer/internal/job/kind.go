package job

// Kinds of rule sets: their files and their readers.

import (
	"path/filepath"
	"slices"
	"strings"
)

// Kind is a Kind of rule sets.
type Kind struct {
	Name        string                       // for Import
	What        string                       // files of the kind, for people
	Extensions  string                       // extensions of files in a folder, separated by blanks; "-": no extension
	InFolder    func(path, root string) bool // in place of Extensions: whether a file in a folder is of the kind
	Open        func() Reader                // begins an import
	ASCIICase   bool                         // only ASCII letters have two cases
	WhyNotRule  string                       // reason for skipping text outside of the syntax
	TooManyHint string                       // advice if there are more rules than fit into a file
}

// Reader reads the files of an import.
type Reader interface {
	Read(j *Job, in *Input) // finds the rules in a file
	Finish(j *Job)          // is called after the last file
}

// Stateless is a reader without memory of earlier files.
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
