package zmtp

// Sleeping without the runtime's knowledge.

import (
	"syscall"
	"time"
	"unsafe"
)

const canHold = true

// holdProcessor sleeps for d while the runtime believes the processor to be at work. A signal ends
// the sleep early, with false as the result; the runtime sends a signal to get the processor.
func holdProcessor(d time.Duration) bool {
	ts := syscall.NsecToTimespec(int64(d))
	_, _, errno := syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
	return errno == 0
}
