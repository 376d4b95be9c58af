//go:build !linux

package zmtp

import "time"

const canHold = false

func holdProcessor(time.Duration) bool { return true }
