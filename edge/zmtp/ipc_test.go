//go:build unix

package zmtp

// The ipc transport: its socket file from beginning to end. What all transports
// have in common is tested over all of them.

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"trawl/test/need"
)

func TestSocketFileGoesWithTheListener(t *testing.T) {
	path := need.SocketPath(t)
	l := mustListen(t, "ipc://"+path, router)
	if l.Endpoint() != "ipc://"+path {
		t.Errorf("Endpoint is %s", l.Endpoint())
	}
	l.Close()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Close: %v", err)
	}
}

func TestSocketFileHasTheModeWhateverTheUmask(t *testing.T) {
	for umask, mode := range map[int]os.FileMode{0: 0, 0o077: 0, 0o022: 0o600, 0o777: 0o666} {
		path := need.SocketPath(t)
		before := unix.Umask(umask)
		l, err := Listen("ipc://"+path, Options{SocketType: "ROUTER", SocketMode: mode})
		unix.Umask(before)
		if err != nil {
			t.Fatal(err)
		}
		want := mode
		orDefault(&want, 0o660)
		file, err := os.Lstat(path)
		if err != nil || file.Mode().Perm() != want {
			t.Errorf("umask %03o: %v, %v; want %v", umask, file.Mode(), err, want)
		}
		l.Close()
	}
}

// On Linux there is no moment in which more may connect than mode says.
func TestSocketFileIsNeverMoreOpenThanItsMode(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux")
	}
	path := need.SocketPath(t)
	before := unix.Umask(0)
	l, err := bindIPC(path, 0o600)
	unix.Umask(before)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if file, err := os.Lstat(path); err != nil || file.Mode().Perm() != 0o600 {
		t.Errorf("bound with %v, %v", file.Mode(), err)
	}
}

// leaveStale leaves a socket file behind as a killed process does.
func leaveStale(t *testing.T, path string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
}

func TestStaleSocketFileIsReplaced(t *testing.T) {
	path := need.SocketPath(t)
	leaveStale(t, path)
	mustServe(t, mustListen(t, "ipc://"+path, Options{SocketType: "DEALER"}))
}

func TestFileThatIsNoSocketIsLeftAlone(t *testing.T) {
	path := need.SocketPath(t)
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen("ipc://"+path, router); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("Listen: %v", err)
	}
	if got, err := os.ReadFile(path); string(got) != "precious" {
		t.Errorf("the file is %q, %v", got, err)
	}
}

func TestListenInAMissingDirectorySaysSo(t *testing.T) {
	_, err := Listen("ipc://"+need.SocketPath(t)+"/missing/s", router)
	if err == nil || !strings.Contains(err.Error(), "create the directory") {
		t.Errorf("Listen: %v", err)
	}
}

// Of several that start at once over a stale file exactly one gets the
// endpoint, and none removes the file of that one.
func TestOneOfManyGetsAStaleEndpoint(t *testing.T) {
	for range 20 {
		path := need.SocketPath(t)
		leaveStale(t, path)
		var starting sync.WaitGroup
		won := make(chan *Listener, 8)
		for range cap(won) {
			starting.Go(func() {
				l, err := Listen("ipc://"+path, Options{SocketType: "DEALER"})
				if err == nil {
					won <- l
				} else if !errors.Is(err, syscall.EADDRINUSE) {
					t.Errorf("Listen: %v", err)
				}
			})
		}
		starting.Wait()
		if n := len(won); n != 1 {
			t.Fatalf("%d listeners got the endpoint", n)
		}
		l := <-won
		mustServe(t, l)
		l.Close()
	}
}

func TestCloseLeavesASuccessorsFileAlone(t *testing.T) {
	path := need.SocketPath(t)
	first := mustListen(t, "ipc://"+path, Options{SocketType: "DEALER"})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second := mustListen(t, "ipc://"+path, Options{SocketType: "DEALER"})
	first.Close()
	mustServe(t, second)
}

func TestPeersOverIPCAreLocal(t *testing.T) {
	path := need.SocketPath(t)
	a, b := pair(t, "ipc://"+path, Options{}, Options{})
	for _, c := range []*Conn{a, b} {
		if p := c.Peer(); !p.Local || p.RemoteAddr != "ipc://"+path {
			t.Errorf("peer %+v", p)
		}
	}
}

// abstractName is an endpoint of this process: such names are the whole machine's.
func abstractName(t *testing.T) string {
	return fmt.Sprintf("ipc://@trawl/zmtp/%s/%d", t.Name(), os.Getpid())
}

func TestAbstractNames(t *testing.T) {
	endpoint := abstractName(t)
	if runtime.GOOS != "linux" {
		if err := CheckEndpoint(endpoint); err == nil {
			t.Error("no error on a system without them")
		}
		return
	}
	l := mustListen(t, endpoint, Options{SocketType: "DEALER"})
	mustServe(t, l)
	if _, err := Listen(endpoint, router); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("listening twice: %v", err)
	}
	if _, err := os.Lstat(endpoint[len("ipc://"):]); err == nil {
		t.Error("there is a file")
	}
	l.Close()
	mustListen(t, endpoint, router)
}

func TestInteropOverIPC(t *testing.T) {
	for name, endpoint := range map[string]string{
		"path":          "ipc://" + need.SocketPath(t),
		"abstract name": abstractName(t),
	} {
		if runtime.GOOS != "linux" && name != "path" {
			continue
		}
		t.Run("libzmq dials "+name, func(t *testing.T) {
			peer := startPeer(t, "dealer", serveAt(t, endpoint), "600")
			if got := peer.line(); got != "600" {
				t.Errorf("%q different answers, want 600", got)
			}
		})
		t.Run("libzmq binds "+name, func(t *testing.T) {
			bound := startPeer(t, "router", endpoint+"2").line()
			mustAnswer(t, mustDial(t, bound, Options{SocketType: "DEALER"}), "")
		})
	}
}
