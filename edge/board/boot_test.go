package board

import (
	"runtime"
	"testing"
)

func TestBootStaysAndTimePasses(t *testing.T) {
	id, since := Boot()
	again, later := Boot()
	if id != again || later < since {
		t.Errorf("%q after %v, then %q after %v", id, since, again, later)
	}
	if known := id != "" && since > 0; known != (runtime.GOOS == "linux" || runtime.GOOS == "darwin") {
		t.Errorf("boot %q, %v ago", id, since)
	}
}
