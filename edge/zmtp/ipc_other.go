//go:build !unix || illumos || solaris || aix

// What ipc:// would need of the operating system, where it is not to be had.

package zmtp

import "os"

func lockDirectory(string) (unlock func()) { return func() {} }

func restrictSocket(uintptr, os.FileMode) {}
