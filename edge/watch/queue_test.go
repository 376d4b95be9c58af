package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func openTestQueue(t testing.TB, all *queues, drop bool, path string) *queue {
	t.Helper()
	if path == "" {
		return all.open(drop, true, nil, nil)
	}
	file, kept, err := openQueueFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return all.open(drop, true, file, kept.events)
}

func ids(events []*Event) (ids []string) {
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

func bigEvent(i, size int) *Event {
	e := testEvent(i)
	e.Line = bytes.Repeat([]byte{'x'}, size)
	return e
}

func TestQueueDropsOldest(t *testing.T) {
	all := newQueues()
	q := openTestQueue(t, all, true, "")
	for i := range 100 {
		if err := q.put(t.Context(), bigEvent(i, maxLine)); err != nil {
			t.Fatal(err)
		}
	}
	events, _ := q.head(1000)
	n, bytes, dropped, _, _ := q.status()
	if bytes > maxQueue || n+int(dropped) != 100 || events[len(events)-1].ID != testEvent(99).ID || events[0].ID != testEvent(int(dropped)).ID {
		t.Errorf("%d events, %d bytes, %d dropped", n, bytes, dropped)
	}
}

// A full queue holds up who puts, until something is taken or the context ends. Queues that
// drop are not held up by it.
func TestQueueBlocks(t *testing.T) {
	all := newQueues()
	q := openTestQueue(t, all, false, "")
	size := int64(0)
	i := 0
	for ; size+bigEvent(i, maxLine).size() <= maxQueue; i++ {
		size += bigEvent(i, maxLine).size()
		_ = q.put(t.Context(), bigEvent(i, maxLine))
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- q.put(ctx, bigEvent(i, maxLine)) }()
	blocks := func() bool { _, _, _, blocking, _ := q.status(); return blocking }
	eventually(t, "put waits", blocks)
	other := openTestQueue(t, all, true, "")
	if err := other.put(t.Context(), testEvent(1)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	go func() { ended <- q.put(t.Context(), bigEvent(i, maxLine)) }()
	eventually(t, "put waits again", blocks)
	_, next, err := q.take(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	q.done(next)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// All queues together are bounded, but each takes one event.
func TestQueuesShareABound(t *testing.T) {
	all := newQueues()
	var queues []*queue
	for range 5 {
		queues = append(queues, openTestQueue(t, all, true, ""))
	}
	for i := range 500 {
		_ = queues[i%5].put(t.Context(), bigEvent(i, maxLine))
	}
	if most := int64(maxQueues + 5*(maxLine+2*overhead)); all.bytes > most {
		t.Errorf("%d bytes", all.bytes)
	}
	for i, q := range queues {
		if n, _, _, _, _ := q.status(); n == 0 {
			t.Errorf("queue %d is starved", i)
		}
	}
}

// What a queue's file holds when the process is killed is what was put and not done, for
// all sequences of steps.
func TestQueueFileProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(fastDir(), "queue")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "queue-x")
		open := func() *queue {
			file, kept, err := openQueueFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return newQueues().open(true, true, file, kept.events)
		}
		q := open()
		var model []string
		number := 0
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"put", "put", "take", "kill"}).Draw(t, "step") {
			case "put":
				for range rapid.IntRange(1, 4).Draw(t, "events") {
					e := bigEvent(number, rapid.SampledFrom([]int{10, 10, 1000, 50_000}).Draw(t, "size"))
					number++
					if err := q.put(context.Background(), e); err != nil {
						t.Fatal(err)
					}
					model = append(model, e.ID)
				}
				n, _, _, _, _ := q.status()
				model = model[len(model)-n:] // the oldest have made room
			case "take":
				n := min(rapid.IntRange(1, 5).Draw(t, "taken"), len(model))
				if n == 0 {
					continue
				}
				events, next, err := q.take(context.Background(), n)
				if err != nil || !reflect.DeepEqual(ids(events), model[:n]) {
					t.Fatal(ids(events), model[:n], err)
				}
				q.done(next)
				model = model[n:]
			case "kill":
				q.file.close()
				q = open()
			}
		}
		if q.broken != nil {
			t.Fatal(q.broken)
		}
		q.file.close()
		kept, err := readQueueFile(path)
		if err != nil || len(kept.events) != len(model) || len(model) > 0 && !reflect.DeepEqual(ids(kept.events), model) {
			t.Fatalf("%v\n%v\n%v", ids(kept.events), model, err)
		}
	})
}

// A queue that is never empty does not let its file grow, and loses nothing by that; nor
// does one that is emptied.
func TestQueueFileStaysSmall(t *testing.T) {
	path := filepath.Join(fastDir(), fmt.Sprintf("trawl-queue-%d", os.Getpid()))
	defer os.Remove(path)
	q := openTestQueue(t, newQueues(), true, path)
	defer func() { q.file.close() }()
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	_ = q.put(t.Context(), bigEvent(0, maxLine))
	for i := range 300 {
		_ = q.put(t.Context(), bigEvent(i+1, maxLine))
		_, next, _ := q.take(t.Context(), 1)
		q.done(next)
		if n := size(); n > dead+4*maxLine {
			t.Fatalf("%d bytes", n)
		}
		if i%10 == 0 {
			if kept, err := readQueueFile(path); err != nil || len(kept.events) != 1 || kept.events[0].ID != testEvent(i+1).ID {
				t.Fatal(ids(kept.events), err)
			}
		}
	}
	_, next, _ := q.take(t.Context(), 1)
	q.done(next)
	if n := size(); n > eventsAt {
		t.Errorf("an empty queue takes %d bytes", n)
	}
}

// A file that is cut anywhere, as by a crash in a write, gives whole events from its head.
func TestQueueFileCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "q")
	q := openTestQueue(t, newQueues(), true, path)
	for i := range 5 {
		_ = q.put(t.Context(), testEvent(i))
	}
	_, next, _ := q.take(t.Context(), 2)
	q.done(next)
	q.file.close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		kept, err := readQueueFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range kept.events {
			if e.ID != testEvent(2+i).ID {
				t.Fatalf("cut at %d: %v", n, ids(kept.events))
			}
		}
	}
}

// Events that wait outlive a restart in the run folder, and a reboot in the other one; they
// are never there twice.
func TestStoreKeepsQueues(t *testing.T) {
	s := store{run: t.TempDir(), folder: t.TempDir()}
	open := func() *queue {
		file, kept, err := s.queue("phone")
		if err != nil {
			t.Fatal(err)
		}
		return newQueues().open(true, true, file, kept.events)
	}
	waiting := func(q *queue, want ...string) {
		t.Helper()
		events, _ := q.head(10)
		if got := ids(events); !reflect.DeepEqual(got, want) {
			t.Fatalf("%v wait, want %v", got, want)
		}
	}
	q := open()
	_ = q.put(t.Context(), testEvent(1), testEvent(2))
	q.file.close() // killed
	q = open()
	waiting(q, testEvent(1).ID, testEvent(2).ID)
	q.done(1)
	if err := s.saveQueue("phone", q); err != nil { // stopped
		t.Fatal(err)
	}
	q.file.close()
	if err := os.Remove(s.live("queue-phone")); err != nil { // rebooted
		t.Fatal(err)
	}
	q = open()
	waiting(q, testEvent(2).ID)
	if _, err := os.Stat(filepath.Join(s.folder, "queue-phone")); !os.IsNotExist(err) {
		t.Fatal("events are in both folders")
	}
	q.done(2)
	q.file.close()
	q = open()
	waiting(q)
	q.file.close()
}

func TestStoreTidies(t *testing.T) {
	s := store{run: t.TempDir(), folder: t.TempDir()}
	for _, name := range []string{"queue-old", "limit-old", "queue-phone", "positions"} {
		_ = os.WriteFile(s.live(name), nil, 0o600)
	}
	var log lockedBuffer
	s.tidy(map[string]bool{"phone": true}, logTo(&log))
	left, _ := filepath.Glob(s.run + "/*")
	if len(left) != 2 {
		t.Error(left, log.String())
	}
}

func FuzzQueueFile(f *testing.F) {
	path := filepath.Join(f.TempDir(), "q")
	q := openTestQueue(f, newQueues(), true, path)
	_ = q.put(context.Background(), testEvent(1), testEvent(2))
	q.file.close()
	whole, _ := os.ReadFile(path)
	f.Add(whole)
	f.Add([]byte(queueMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir, err := os.MkdirTemp(fastDir(), "queue")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "q")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		q := openTestQueue(t, newQueues(), true, path)
		before, _ := q.head(1 << 20)
		q.file.close()
		after, err := readQueueFile(path)
		if err != nil || fmt.Sprint(ids(before)) != fmt.Sprint(ids(after.events)) {
			t.Fatal(ids(before), ids(after.events), err)
		}
	})
}

func BenchmarkQueuePut(b *testing.B) {
	path := filepath.Join(fastDir(), fmt.Sprintf("trawl-queue-%d", time.Now().UnixNano()))
	defer os.Remove(path)
	q := openTestQueue(b, newQueues(), true, path)
	e := testEvent(1)
	for b.Loop() {
		_ = q.put(context.Background(), e)
		q.done(1 << 60)
	}
}

// fastDir is on a tmpfs, as run folders are, where there is one: elsewhere a rename waits
// for the disk.
func fastDir() string {
	const shm = "/dev/shm"
	if info, err := os.Stat(shm); err == nil && info.IsDir() {
		return shm
	}
	return os.TempDir()
}
