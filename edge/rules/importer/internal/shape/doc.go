// Package shape takes expressions in RE2 syntax apart: a tree of [Node], which can be changed and
// written again, and the sets of characters of its atoms.
package shape
