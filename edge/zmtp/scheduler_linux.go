package zmtp

// Sleeping without the runtime's knowledge.

import (
	"syscall"
	"time"
	"unsafe"
)

const canHold = true

// holdProcessor sleeps for d, during which the runtime believes that the processor works. A signal
// ends it early and makes it return false; the runtime sends one when it needs the processor.
func holdProcessor(d time.Duration) bool {
	ts := syscall.NsecToTimespec(int64(d))
	_, _, errno := syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
	return errno == 0
}
