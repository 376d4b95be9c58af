//go:build !unix

package notify

// Without Unix there is no journal.

import "os"

func deviceAndInode(*os.File) string { return "" }
