package board

import (
	"os"
	"path/filepath"
	"testing"
)

func TestParseWritten(t *testing.T) {
	n, known := parseWritten("rchar: 5\nwchar: 7\nwrite_bytes: 4096\ncancelled_write_bytes: 1\n")
	if n != 4096 || !known {
		t.Errorf("%d, %t", n, known)
	}
	for _, io := range []string{"", "write_bytes: x\n", "write_bytes: -1\n", "cancelled_write_bytes: 3\n"} {
		if n, known := parseWritten(io); known {
			t.Errorf("%q: %d", io, n)
		}
	}
}

// The kernel's counter of this process grows with what the process writes to a disk.
func TestWrittenOfThisProcess(t *testing.T) {
	before, known := Written(0)
	if !known {
		t.Skip("this system does not tell")
	}
	dir := t.TempDir()
	if is, _ := IsTmpfs(dir); is {
		t.Skip("the folder for tests is in memory")
	}
	if err := os.WriteFile(filepath.Join(dir, "x"), make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	if after, _ := Written(os.Getpid()); after < before {
		t.Errorf("%d bytes, and %d before", after, before)
	}
}
