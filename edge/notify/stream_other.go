//go:build !unix

package notify

import "os"

func deviceAndInode(*os.File) string { return "" }
