//go:build race

package importer

// underRace: package regexp is then some ten times slower.
const underRace = true
