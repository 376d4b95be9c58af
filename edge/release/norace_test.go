//go:build !race

package release

const UnderRace = false
