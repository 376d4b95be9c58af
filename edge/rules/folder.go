// Folders: each stands for the rule files in it.

package rules

import (
	"os"
	"path/filepath"
)

// expand replaces each folder among paths by its rule files, in the order of
// their names; folders in it are not looked into. A folder without a rule
// file is kept, and so becomes a problem when it is opened.
func expand(paths []string) []string {
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
