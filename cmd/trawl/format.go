package main

import (
	"maps"
	"slices"
	"strings"

	"trawl/edge/human"
)

// outcomes formats counters by outcome, as "12 ok, 1 busy".
func outcomes(m map[string]int64) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, human.Number(m[k])+" "+k)
	}
	if len(parts) == 0 {
		return "none yet"
	}
	return strings.Join(parts, ", ")
}

func shortHashes(hashes []string) string {
	if len(hashes) == 0 {
		return "-"
	}
	var short []string
	for _, h := range hashes {
		short = append(short, h[:min(12, len(h))])
	}
	return strings.Join(short, ",")
}
