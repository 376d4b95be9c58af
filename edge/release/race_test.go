//go:build race

package release

// UnderRace: compressing and scrypt are then some twenty times slower.
const UnderRace = true
