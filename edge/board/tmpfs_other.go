//go:build !linux

package board

// IsTmpfs knows nothing on this system.
func IsTmpfs(string) (isTmpfs, known bool) { return false, false }
