//go:build !unix || illumos || solaris || aix

package zmtp

// What ipc:// would need of the operating system, where it is not to be had.

import "os"

func lockDirectory(string) (unlock func()) { return func() {} }

func restrictSocket(uintptr, os.FileMode) {}
