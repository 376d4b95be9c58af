package config

// Suggestions for misspelt names.

import (
	"strings"

	"trawl/edge/escape"
	"trawl/edge/names"
)

// unknownKey returns the message for an unknown key, with a suggestion.
func unknownKey(path string) string {
	if s := suggestKey(path); s != "" {
		return escape.Sprintf("unknown key %s; did you mean %s?", path, s)
	}
	return escape.Sprintf("unknown key %s; `trawl config show` lists all keys", path)
}

// suggestKey returns the section or key nearest to path: with the same parent and a similar name,
// or with the same name elsewhere.
func suggestKey(path string) string {
	parent, name := splitPath(path)
	best, bestDistance := "", maxDistance(name)+1
	for _, candidate := range keysAndSections() {
		p, n := splitPath(candidate)
		if p != parent {
			continue
		}
		if d := distance(name, n); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	if best != "" {
		return best
	}
	for i := range keys {
		if _, n := splitPath(keys[i].Path); n == name {
			return keys[i].Path
		}
	}
	return ""
}

// keysAndSections returns all paths, sections before their keys.
func keysAndSections() []string {
	var paths []string
	seen := map[string]bool{}
	for i := range keys {
		path := keys[i].Path
		for j := 0; j < len(path); j++ {
			if path[j] == '.' && !seen[path[:j]] {
				seen[path[:j]] = true
				paths = append(paths, path[:j])
			}
		}
		paths = append(paths, path)
	}
	return paths
}

// firstBelow returns a key of a section, as an example.
func firstBelow(section string) string {
	for i := range keys {
		if strings.HasPrefix(keys[i].Path, section+".") {
			return keys[i].Path
		}
	}
	return ""
}

func splitPath(path string) (parent, name string) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

// maxDistance is the number of wrong letters in a name that is still recognised.
func maxDistance(name string) int {
	if len(name) <= 4 {
		return 1
	}
	return 2
}

// distance is names.Distance, or a large number if the lengths differ much.
func distance(a, b string) int {
	if d := len(a) - len(b); d > 3 || d < -3 {
		return 99
	}
	return names.Distance(a, b)
}
