package zmtp

// The stream in memory keeps the promises of one over a socket.

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

func TestPipeBehavesAsASocket(t *testing.T) {
	t.Run("deadline", func(t *testing.T) {
		a, b := newPipe("x")
		defer a.Close()
		defer b.Close()
		a.SetDeadline(time.Now().Add(10 * time.Millisecond))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read: %v", err)
		}
		a.SetDeadline(time.Time{})
		b.write([][]byte{[]byte("x")}, true)
		if n, err := a.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Errorf("Read after the deadline was cleared: %d, %v", n, err)
		}
	})
	t.Run("holds its size and no more", func(t *testing.T) {
		a, b := newPipe("x")
		defer a.Close()
		defer b.Close()
		if n, err := a.write([][]byte{make([]byte, 10), make([]byte, pipeSize)}, false); n != pipeSize || err != nil {
			t.Errorf("first write: %d, %v", n, err)
		}
		if n, err := a.write([][]byte{{1}}, false); n != 0 || err != nil {
			t.Errorf("write to a full pipe: %d, %v", n, err)
		}
	})
	t.Run("half-close", func(t *testing.T) {
		a, b := newPipe("x")
		defer a.Close()
		defer b.Close()
		a.write([][]byte{[]byte("last")}, true)
		a.CloseWrite()
		rest, err := io.ReadAll(b)
		if string(rest) != "last" || err != nil {
			t.Errorf("peer reads %q, %v", rest, err)
		}
		b.write([][]byte{[]byte("answer")}, true)
		if n, err := a.Read(make([]byte, 10)); n != 6 || err != nil {
			t.Errorf("Read after CloseWrite: %d, %v", n, err)
		}
	})
	t.Run("write to a closed reader", func(t *testing.T) {
		a, b := newPipe("x")
		defer a.Close()
		b.Close()
		if _, err := a.write([][]byte{{1}}, true); err == nil {
			t.Error("no error")
		}
	})
}
