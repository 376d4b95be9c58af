// Package ondemand holds values that are made by their first use. Every trawl process links the
// whole program, and an idle broker should spend neither memory nor start-up time on the regexes
// and word sets of commands that never run.
//
// The types are for package variables: the linker treats composite literals of these types as
// constants, so an unused variable costs nothing. All methods may be called concurrently.
package ondemand

import (
	"regexp"
	"strings"
	"sync"
)

// Regexp is a regular expression that the first Get compiles. Get panics if the syntax is wrong.
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
	List string // separated by blanks or line breaks

	once sync.Once
	set  map[string]bool
}

// Has reports whether word is in the set.
func (w *Words) Has(word string) bool {
	w.once.Do(func() {
		w.set = make(map[string]bool)
		for word := range strings.FieldsSeq(w.List) {
			w.set[word] = true
		}
	})
	return w.set[word]
}

// Value is a value of any other type, made by the first Get.
type Value[T any] struct {
	Make func() T

	once sync.Once
	v    T
}

// Get returns the value made by Make.
func (v *Value[T]) Get() T {
	v.once.Do(func() { v.v = v.Make() })
	return v.v
}
