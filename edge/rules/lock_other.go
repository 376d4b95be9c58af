//go:build !unix

package rules

import "os"

func lockShared(*os.File) bool { return true }
func lockAlone(*os.File) bool  { return false } // so that nothing in use is removed
