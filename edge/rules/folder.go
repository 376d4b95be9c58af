package rules

// Folders: each stands for its rule files.

import (
	"os"
	"path/filepath"
)

// Expand replaces each folder among paths by its rule files, sorted by name, without those of
// folders in the folder. A folder without rule files stays, and opening it will be a problem.
func Expand(paths []string) []string {
	var files []string
	for _, path := range paths {
		entries, err := os.ReadDir(path)
		found := false
		for _, e := range entries {
			if err == nil && !e.IsDir() && isRuleFile(e.Name()) {
				files = append(files, filepath.Join(path, e.Name()))
				found = true
			}
		}
		if !found {
			files = append(files, path)
		}
	}
	return files
}
