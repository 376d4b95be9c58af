//go:build race

package match

// underRace: a loop that reads a byte at a time is then some ten times slower.
const underRace = true
