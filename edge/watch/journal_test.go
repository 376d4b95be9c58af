package watch

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"trawl/test/need"
)

// memoryCell is a Cell that outlives its source.
type memoryCell struct {
	mu    sync.Mutex
	value []byte
}

func (c *memoryCell) Load() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.value)
}

func (c *memoryCell) Store(value []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value = bytes.Clone(value)
	return nil
}

const journalRemote = "/lib/systemd/systemd-journal-remote"

// realJournal is a folder with files of a journal, and a program that reads it as
// journalctl does the machine's. Files are written by systemd-journal-remote, and so need
// no daemon.
type realJournal struct {
	t       *testing.T
	dir     string
	program string
	clock   int64 // microseconds
}

func newJournal(t *testing.T) *realJournal {
	need.Program(t, "journalctl", "systemd")
	need.Path(t, journalRemote, "systemd-journal-remote")
	j := &realJournal{t: t, dir: t.TempDir(), clock: time.Now().Add(-time.Hour).UnixMicro()}
	j.program = scriptFile(t, "exec journalctl --directory="+j.dir+" \"$@\"\n")
	return j
}

// write appends entries to a file of the journal.
func (j *realJournal) write(file string, messages ...string) {
	j.t.Helper()
	var b bytes.Buffer
	for _, m := range messages {
		j.clock += 1000
		fmt.Fprintf(&b, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=0123456789abcdef0123456789abcdef\n", j.clock, j.clock)
		b.WriteString("_SYSTEMD_UNIT=ssh.service\nSYSLOG_IDENTIFIER=sshd\n_PID=7\nPRIORITY=4\n_HOSTNAME=pi\nMESSAGE\n")
		_ = binary.Write(&b, binary.LittleEndian, uint64(len(m)))
		b.WriteString(m + "\n\n")
	}
	cmd := need.Command(journalRemote, "--output="+filepath.Join(j.dir, file), "-")
	cmd.Stdin = &b
	if out, err := cmd.CombinedOutput(); err != nil {
		j.t.Fatalf("%v: %s", err, out)
	}
}

func (j *realJournal) open(cell Cell, log *lockedBuffer, change func(*JournalOptions)) *Journal {
	j.t.Helper()
	o := JournalOptions{Cell: cell, Log: logTo(log), program: j.program}
	if change != nil {
		change(&o)
	}
	source, err := NewJournal(o)
	if err != nil {
		j.t.Fatal(err)
	}
	return source
}

// A new watcher begins at the end; a restarted one where it was, with nothing lost or
// twice, however much has come meanwhile.
func TestJournalGoesOn(t *testing.T) {
	j := newJournal(t)
	cell, log := &memoryCell{}, &lockedBuffer{}
	j.write("a.journal", "old 1", "old 2")
	var got taken
	stop := runSource(t, j.open(cell, log, nil), got.take)
	eventually(t, "the end is found", func() bool { return len(cell.Load()) > 0 })
	j.write("a.journal", "one", "two\nlines \x1b\xff")
	eventually(t, "entries come", func() bool { return len(got.texts()) == 2 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r := got.records[0]
	want := map[string]string{"unit": "ssh.service", "app": "sshd", "pid": "7", "host": "pi", "priority": "warning"}
	if !reflect.DeepEqual(r.Labels, want) || r.Time.UnixMicro() != j.clock-1000 || r.Place == "" {
		t.Errorf("%+v", r)
	}
	var missed []string
	for i := range 100 { // more than the ten lines of --after-cursor
		missed = append(missed, fmt.Sprintf("missed %d", i))
	}
	j.write("a.journal", missed...)
	stop = runSource(t, j.open(cell, log, nil), got.take)
	eventually(t, "all that was missed comes", func() bool { return len(got.texts()) >= 102 })
	j.write("a.journal", "last")
	eventually(t, "and what is new", func() bool { return len(got.texts()) >= 103 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	all := append(append([]string{"one", "two\nlines \x1b\xff"}, missed...), "last")
	if texts := got.texts(); !reflect.DeepEqual(texts, all) {
		t.Errorf("%q", texts)
	}
	for _, r := range got.records {
		if r.Redelivered {
			t.Errorf("%q is marked after a clean stop", r.Text)
		}
	}
	if log.String() != "" {
		t.Error(log.String())
	}
}

// After a process that ended without warning, what may have been told is marked.
func TestJournalMarksAfterCrash(t *testing.T) {
	j := newJournal(t)
	cell, log := &memoryCell{}, &lockedBuffer{}
	j.write("a.journal", "old")
	var got taken
	stop := runSource(t, j.open(cell, log, nil), got.take)
	eventually(t, "the end is found", func() bool { return len(cell.Load()) > 0 })
	crashed := cell.Load()
	_ = stop()
	_ = cell.Store(crashed)
	j.write("a.journal", "between")
	runSource(t, j.open(cell, log, nil), got.take)
	eventually(t, "it comes", func() bool { return len(got.texts()) == 1 })
	if !got.records[0].Redelivered {
		t.Error("not marked")
	}
}

// A cursor whose entry is gone: what is left comes, and the gap is counted and said.
func TestJournalVacuumed(t *testing.T) {
	j := newJournal(t)
	cell, log := &memoryCell{}, &lockedBuffer{}
	j.write("a.journal", "old")
	var got taken
	stop := runSource(t, j.open(cell, log, nil), got.take)
	eventually(t, "the end is found", func() bool { return len(cell.Load()) > 0 })
	_ = stop()
	if err := os.Remove(filepath.Join(j.dir, "a.journal")); err != nil {
		t.Fatal(err)
	}
	j.write("b.journal", "left 1", "left 2")
	s := j.open(cell, log, nil)
	runSource(t, s, got.take)
	eventually(t, "what is left comes", func() bool { return len(got.texts()) == 2 })
	if s.Status().Lost != 1 || !strings.Contains(log.String(), "entries that were not read yet are gone") {
		t.Error(s.Status(), log.String())
	}
}

// With other entries chosen, a kept cursor says nothing; and filters reach journalctl.
func TestJournalFilters(t *testing.T) {
	j := newJournal(t)
	cell, log := &memoryCell{}, &lockedBuffer{}
	j.write("a.journal", "old")
	var got taken
	stop := runSource(t, j.open(cell, log, nil), got.take)
	eventually(t, "the end is found", func() bool { return len(cell.Load()) > 0 })
	_ = stop()
	before := string(cell.Load())
	stop = runSource(t, j.open(cell, log, func(o *JournalOptions) {
		o.Identifiers, o.Priority, o.Units = []string{"sshd"}, "warning", []string{"ssh"}
	}), got.take)
	eventually(t, "a cursor of its own", func() bool { return string(cell.Load()) != before })
	j.write("a.journal", "new")
	eventually(t, "it comes", func() bool { return len(got.texts()) == 1 })
	_ = stop()
	if !strings.Contains(log.String(), "other entries are chosen") {
		t.Error(log.String())
	}
	stop = runSource(t, j.open(&memoryCell{}, log, func(o *JournalOptions) { o.FromBeginning = true }), got.take)
	eventually(t, "all from the beginning", func() bool { return len(got.texts()) == 3 })
	_ = stop()
}

// A journalctl that is killed is started again, and nothing is lost or twice.
func TestJournalSurvivesKills(t *testing.T) {
	j := newJournal(t)
	cell, log := &memoryCell{}, &lockedBuffer{}
	pids := filepath.Join(j.dir, "pids")
	j.program = scriptFile(t, "echo $$ >>"+pids+"; exec journalctl --directory="+j.dir+" \"$@\"\n")
	j.write("a.journal", "old")
	var got taken
	stop := runSource(t, j.open(cell, log, nil), got.take)
	eventually(t, "the end is found", func() bool { return len(cell.Load()) > 0 })
	var want []string
	for i := range 2 {
		want = append(want, fmt.Sprint(i))
		j.write("a.journal", want[i])
		eventually(t, "it comes", func() bool { return len(got.texts()) == i+1 })
		data, _ := os.ReadFile(pids)
		list := strings.Fields(string(data))
		if err := exec.Command("kill", "-9", list[len(list)-1]).Run(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is started again", func() bool {
			data, _ := os.ReadFile(pids)
			return len(strings.Fields(string(data))) > len(list)
		})
	}
	j.write("a.journal", "last")
	eventually(t, "the last comes", func() bool { return len(got.texts()) >= 3 })
	_ = stop()
	if texts := got.texts(); !reflect.DeepEqual(texts, append(want, "last")) {
		t.Errorf("%q", texts)
	}
}

func TestJournalNeedsJournalctl(t *testing.T) {
	_, err := NewJournal(JournalOptions{program: "trawl-no-such-program"})
	if err == nil || !strings.Contains(err.Error(), "install the package systemd") {
		t.Error(err)
	}
}

func TestJournalSaysWhatFails(t *testing.T) {
	log := &lockedBuffer{}
	s, err := NewJournal(JournalOptions{program: scriptFile(t, "echo 'Failed to open: \x1bno' >&2; exit 1"), Log: logTo(log)})
	if err != nil {
		t.Fatal(err)
	}
	var got taken
	runSource(t, s, got.take)
	eventually(t, "it is said", func() bool { return strings.Contains(s.Status().Problem, `journalctl: Failed to open: \x1bno`) })
}

func TestReadEntry(t *testing.T) {
	in := "\n\n__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1700000000000001\nMESSAGE\n\x03\x00\x00\x00\x00\x00\x00\x00a\nb\n_PID=1\nOTHER=x\n\n__CURSOR=c\n\n"
	r := bufio.NewReaderSize(strings.NewReader(in), 16)
	e, err := readEntry(r)
	if err != nil || e.cursor != "s=1;i=2" || string(e.message) != "a\nb" || e.time.UnixMicro() != 1700000000000001 || e.fields["_PID"] != "1" || len(e.fields) != 1 {
		t.Fatalf("%+v, %v", e, err)
	}
	if e, err := readEntry(r); err != nil || e.cursor != "c" {
		t.Fatal(e, err)
	}
	if _, err := readEntry(r); err != io.EOF {
		t.Fatal(err)
	}
	long := "__CURSOR=c\nMESSAGE=" + strings.Repeat("x", maxEntry+5) + "\n\n"
	if e, err := readEntry(bufio.NewReaderSize(strings.NewReader(long), 16)); err != nil || len(e.message) != maxEntry || !e.cut {
		t.Fatal(err)
	}
	for _, bad := range []string{"MESSAGE=x\n\n", "A\n\xff\xff\xff\xff\xff\xff\xff\xff", strings.Repeat("x", 100) + "=", "M\n\x01\x00\x00\x00\x00\x00\x00\x00ab\n", "__CURSOR=a b\n\n"} {
		if _, err := readEntry(bufio.NewReaderSize(strings.NewReader(bad), 16)); !errors.Is(err, errEntry) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzReadEntry(f *testing.F) {
	f.Add([]byte("__CURSOR=s=1;i=2\nMESSAGE\n\x03\x00\x00\x00\x00\x00\x00\x00a\nb\n_PID=1\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(data), 16)
		for {
			e, err := readEntry(r)
			if err != nil {
				return
			}
			if e.cursor == "" || len(e.message) > len(data) || len(e.cursor) > maxCursor {
				t.Fatalf("%+v", e)
			}
		}
	})
}
