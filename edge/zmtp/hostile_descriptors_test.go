//go:build unix

package zmtp

// Hostile in numbers: floods of connections, and no descriptors left.

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"trawl/test/need"
)

func TestTenThousandSilentConnections(t *testing.T) {
	t.Parallel()
	const dialers, handshakes = 50, 1024
	flood := 10_000
	if testing.Short() {
		flood = 2_000
	}
	needDescriptors(t, uint64(flood)+handshakes+200)
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER", MaxHandshakes: handshakes, HandshakeTimeout: time.Minute})
	dialed := mustDial(t, l.Endpoint(), Options{SocketType: "DEALER"})
	served := mustAccept(t, l)

	var connecting, open sync.WaitGroup
	ended := make(chan struct{})
	for range dialers {
		connecting.Add(1)
		open.Go(func() {
			for range flood / dialers {
				c, err := net.Dial("tcp", strings.TrimPrefix(l.Endpoint(), "tcp://"))
				if err != nil {
					t.Error(err)
					break
				}
				defer c.Close()
			}
			connecting.Done()
			<-ended
		})
	}
	for range 3 { // in the middle of it
		mustEcho(t, dialed, served)
		mustServe(t, l)
	}
	connecting.Wait()
	mustEcho(t, dialed, served)
	begin := time.Now()
	mustServe(t, l)
	t.Logf("with %d silent connections open, a new peer was served after %v", flood, time.Since(begin))
	if n := l.Stats().Handshaking; n > handshakes {
		t.Errorf("%d handshakes in progress", n)
	}
	close(ended)
	open.Wait()
}

// needDescriptors skips the test where a process cannot have n.
func needDescriptors(t *testing.T, n uint64) {
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	need.That(t, err == nil && uint64(limit.Cur) >= n, fmt.Sprintf("%d descriptors, where the limit is %d", n, limit.Cur))
}

// A listener that gets no descriptor for a connection waits and tries again. It
// serves the ones it has, and the new one once there is a descriptor.
func TestListenerSurvivesTheEndOfTheDescriptors(t *testing.T) {
	var log logBuffer
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER", Log: log.logger()})
	dialed := mustDial(t, l.Endpoint(), Options{SocketType: "DEALER"})
	served := mustAccept(t, l)

	giveBack := takeAllDescriptors(t)
	giveBack(1)
	raw := rawDial(t, l.Endpoint()) // takes it; none is left to accept with
	waitUntil(t, func() bool { return strings.Contains(log.String(), "cannot accept") })
	mustEcho(t, dialed, served)
	time.Sleep(50 * time.Millisecond) // for more attempts, which the log does not tell
	giveBack(-1)
	raw.Write(append(nullGreeting(), readyFrame("DEALER")...))
	mustAccept(t, l)
	mustServe(t, l)
	if n := strings.Count(log.String(), "cannot accept"); n != 1 {
		t.Errorf("%d lines in the log:\n%s", n, &log.b)
	}
}

// takeAllDescriptors lowers the limit and opens files until it is reached. The
// result closes some of them, or with -1 all and restores the limit.
func takeAllDescriptors(t *testing.T) (giveBack func(n int)) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = 200
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	var files []*os.File
	giveBack = func(n int) {
		if n < 0 {
			n = len(files)
			syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
		}
		for _, f := range files[:n] {
			f.Close()
		}
		files = files[n:]
	}
	t.Cleanup(func() { giveBack(-1) })
	for {
		f, err := os.Open(os.DevNull)
		if errors.Is(err, syscall.EMFILE) {
			return giveBack
		}
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
}
