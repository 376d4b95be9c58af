package zmtp

// Benchmarks of a routed message: client to router to worker and back, all on
// the engine. internal/engineproxy serves to compare with libzmq.

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// BenchmarkRouted counts one operation per request answered, with 64 requests
// in flight. Per operation there are four messages received and four sent.
func BenchmarkRouted(b *testing.B) {
	for name, endpoint := range transports {
		for _, size := range []int{256, 16 << 10} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				benchmarkRouted(b, endpoint(b), size)
			})
		}
	}
}

func benchmarkRouted(b *testing.B, endpoint string, size int) {
	b.ReportAllocs()
	b.SetBytes(int64(size))
	routeRequests(b, endpoint, size, b.N, b.ResetTimer)
	b.StopTimer()
}

// routeRequests sends count requests through a router to a worker and back.
// It calls begin when everything is set up.
func routeRequests(t testing.TB, endpoint string, size, count int, begin func()) {
	const inFlight = 64
	front, client := pair(t, endpoint, Options{SocketType: "ROUTER"}, Options{SocketType: "DEALER"})
	if !strings.HasPrefix(endpoint, "tcp:") { // which chooses a port each time
		endpoint += "1"
	}
	back, worker := pair(t, endpoint, Options{SocketType: "DEALER"}, Options{SocketType: "DEALER"})
	relay := func(from, to *Conn) {
		for {
			m, err := from.Recv()
			if err != nil {
				return
			}
			to.Queue(nil, m)
			if !from.Buffered() {
				to.Flush()
			}
		}
	}
	go relay(front, back)
	go relay(back, front)
	go relay(worker, worker)

	request := NewMessage(nil, make([]byte, size))
	defer request.Release()
	begin()
	sent := min(inFlight, count)
	for range sent {
		client.Queue(nil, request.Retain())
	}
	client.Flush()
	for range count {
		m, err := client.Recv()
		if err != nil {
			t.Fatal(err)
		}
		m.Release()
		if sent < count {
			client.Queue(nil, request.Retain())
			sent++
		}
		if !client.Buffered() {
			client.Flush()
		}
	}
}

// BenchmarkIdleConnections reports the heap and stacks that both ends of an
// idle connection hold, in bytes.
func BenchmarkIdleConnections(b *testing.B) {
	memory := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	l := mustListen(b, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
	before := memory()
	const count = 100
	for range count {
		for _, c := range []*Conn{mustDial(b, l.Endpoint(), Options{SocketType: "DEALER"}), mustAccept(b, l)} {
			go c.Recv()
		}
	}
	for b.Loop() {
	}
	b.ReportMetric(float64(memory()-before)/count, "B/pair")
}
