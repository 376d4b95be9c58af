// Package ondemand holds values that are made by their first use. Every trawl process links
// the whole program, and an idle broker should not pay, in memory and in time to start, for
// the regexes and word sets of commands that it does not run.
//
// The types are for package variables: their composite literals are constants to the linker,
// so that they cost nothing until they are used. They may be used by several goroutines.
package ondemand

import (
	"regexp"
	"strings"
	"sync"
)

// Regexp is a regular expression that its first use compiles; it panics if it cannot.
type Regexp struct {
	Expr string // in the syntax of package regexp

	once sync.Once
	re   *regexp.Regexp
}

// Get returns the compiled regular expression.
func (r *Regexp) Get() *regexp.Regexp {
	r.once.Do(func() { r.re = regexp.MustCompile(r.Expr) })
	return r.re
}

// Words is a set of words.
type Words struct {
	List string // the words, with blanks or line breaks between them

	once sync.Once
	set  map[string]bool
}

// Has tells whether word is one of the words.
func (w *Words) Has(word string) bool {
	w.once.Do(func() {
		w.set = make(map[string]bool)
		for word := range strings.FieldsSeq(w.List) {
			w.set[word] = true
		}
	})
	return w.set[word]
}

// Value is any other value.
type Value[T any] struct {
	Make func() T

	once sync.Once
	v    T
}

// Get returns what Make has made.
func (v *Value[T]) Get() T {
	v.once.Do(func() { v.v = v.Make() })
	return v.v
}
