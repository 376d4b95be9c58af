package wire

import "fmt"

// LogID is how logs write a request's id: the same in all of them.
func LogID(id uint64) string { return fmt.Sprintf("%016x", id) }
