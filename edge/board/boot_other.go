//go:build !linux && !darwin

package board

import "time"

// Boot tells nothing here: an empty name.
func Boot() (id string, since time.Duration) { return "", 0 }
