package follow

// A model of a file system: random appends, rotations of all kinds in single steps, crashes
// of the reader. What was written is compared with what the reader gave.

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// life is the content of one file, from its creation or truncation to the next truncation.
type life struct {
	name    string
	data    []byte // all bytes that ever were in it, by offset
	pieces  []*piece
	ended   bool // truncated: the last line has no end
	unheard bool // no poll has seen the log: it may be left out
}

// piece is what one write has put into a file; it begins with '<' and its number.
type piece struct {
	life   *life
	offset int
	size   int
	times  int  // that a record began with it
	lost   bool // it may be lost
	twice  bool // it may come again: it was not acknowledged when the reader was killed
	old    bool // it was there at the first start, and must not come
}

// inode is a file of the model.
type inode struct {
	life   *life
	links  int
	isCopy bool
	copied int // bytes of the life that are in a copy
}

// modelLog is a path that a program writes to.
type modelLog struct {
	name    string
	files   map[string]*inode // by name
	handle  *os.File          // of the writer
	writing *inode
	lag     int  // polls since the writer's file was rotated or written to
	known   bool // a poll has seen it
	steps   []func()
	append  bool // the writer has O_APPEND
	header  string
}

type model struct {
	t      testing.TB
	seed   uint64
	r      *rand.Rand
	folder string
	logs   []*modelLog
	pieces []*piece
	trace  []string

	f       *Follower
	state   *State
	boot    byte
	now     time.Time
	unacked []delivered
	begun   bool
	fromEnd bool
	gaps    uint64 // of readers before
	cut     bool   // a plug was pulled
	ops     int
}

type delivered struct {
	batch  *Batch
	pieces []*piece
}

func (m *model) logf(format string, args ...any) {
	m.trace = append(m.trace, fmt.Sprintf("%s ", m.now.Format("04:05.000"))+fmt.Sprintf(format, args...))
}

func (m *model) fail(format string, args ...any) {
	m.t.Helper()
	trace := m.trace[max(0, len(m.trace)-3000):]
	m.t.Fatalf("seed %d: %s\n%s", m.seed, fmt.Sprintf(format, args...), strings.Join(trace, "\n"))
}

func (m *model) must(err error) {
	if err != nil {
		m.t.Helper()
		m.fail("%v", err)
	}
}

func (l *modelLog) path(m *model, name string) string { return filepath.Join(m.folder, name) }

// write appends a piece to the file that the writer has open.
func (m *model) write(l *modelLog) {
	if l.handle == nil {
		m.openLog(l)
	}
	n := len(m.pieces)
	size := m.r.IntN(30)
	switch m.r.IntN(40) {
	case 0:
		size = m.r.IntN(3000)
	case 1:
		size = 70_000 + m.r.IntN(1000)
	}
	text := fmt.Sprintf("<%d:%s", n, strings.Repeat("x", size))
	if m.r.IntN(5) > 0 {
		text += "\n"
	}
	if m.r.IntN(30) == 0 && strings.HasSuffix(text, "\n") {
		text += "\n" // an empty line
	}
	lf := l.writing.life
	header := ""
	if l.header != "" && len(lf.data) == 0 {
		header = l.header
	}
	at := len(lf.data)
	if !l.append {
		p, err := l.handle.Seek(0, 1)
		m.must(err)
		at = int(p)
	}
	_, err := l.handle.WriteString(header + text)
	m.must(err)
	if at > len(lf.data) {
		m.logf("hole of %d", at-len(lf.data))
		lf.data = append(lf.data, make([]byte, at-len(lf.data))...)
	}
	p := &piece{life: lf, offset: at + len(header), size: len(text)}
	lf.data = append(lf.data[:at], header+text...)
	lf.pieces = append(lf.pieces, p)
	m.pieces = append(m.pieces, p)
	if l.writing.links == 0 && !m.isOpen(l.writing, l.handle) {
		p.lost = true
	}
	m.logf("write %s/%s at %d: <%d of %d, lost %v", l.name, lf.name, p.offset, n, len(text), p.lost)
	l.lag = 0
}

// isOpen says whether the reader has the file of a handle open.
func (m *model) isOpen(_ *inode, h *os.File) bool {
	if m.f == nil || h == nil {
		return false
	}
	info, err := h.Stat()
	m.must(err)
	return m.hasKey(keyOf("", info))
}

func (m *model) hasKey(k fileKey) bool {
	for _, x := range m.f.files {
		if x.key == k && !x.lost {
			return true
		}
	}
	return false
}

// openLog makes the writer open its path.
func (m *model) openLog(l *modelLog) {
	if l.handle != nil {
		l.handle.Close()
	}
	flags := os.O_CREATE | os.O_WRONLY
	if l.append {
		flags |= os.O_APPEND
	}
	h, err := os.OpenFile(l.path(m, l.name), flags, 0o600)
	m.must(err)
	if !l.append {
		_, err := h.Seek(0, 2)
		m.must(err)
	}
	l.handle = h
	if l.files[l.name] == nil {
		l.files[l.name] = m.newInode(l)
	}
	l.writing = l.files[l.name]
	m.logf("open %s: %s", l.name, l.writing.life.name)
}

var lives int

func (m *model) newInode(l *modelLog) *inode {
	return &inode{links: 1, life: m.newLife(l)}
}

func (m *model) newLife(l *modelLog) *life {
	lives++
	return &life{name: fmt.Sprint("life", lives), unheard: !l.known}
}

// drop unlinks a name.
func (m *model) drop(l *modelLog, name string) {
	f := l.files[name]
	if f == nil {
		return
	}
	info, err := os.Stat(l.path(m, name))
	m.must(err)
	m.must(os.Remove(l.path(m, name)))
	m.logf("remove %s: %s", name, f.life.name)
	delete(l.files, name)
	f.links--
	m.losing(l, f, m.f != nil && m.hasKey(keyOf("", info)))
}

// losing marks what may be lost now that a file is gone.
func (m *model) losing(l *modelLog, f *inode, isOpen bool) {
	if f.links > 0 || isOpen {
		return
	}
	for _, p := range f.life.pieces {
		kept := false
		for _, o := range l.files {
			kept = kept || o != f && o.life == f.life && (!o.isCopy || p.offset+p.size <= o.copied)
		}
		if !kept {
			p.lost = true
		}
	}
}

func (m *model) rename(l *modelLog, from, to string) {
	f := l.files[from]
	if f == nil {
		return
	}
	if l.files[to] != nil {
		m.drop(l, to)
	}
	m.must(os.Rename(l.path(m, from), l.path(m, to)))
	m.logf("rename %s to %s: %s", from, to, f.life.name)
	delete(l.files, from)
	l.files[to] = f
	l.lag = 0
}

// shift renames NAME.1 to NAME.2 and so on; the oldest goes.
func (m *model) shift(l *modelLog) {
	const keep = 4
	for _, z := range []string{"", ".gz"} {
		m.drop(l, l.name+"."+strconv.Itoa(keep)+z)
	}
	for i := keep - 1; i >= 1; i-- {
		for _, z := range []string{"", ".gz"} {
			m.rename(l, l.name+"."+strconv.Itoa(i)+z, l.name+"."+strconv.Itoa(i+1)+z)
		}
	}
}

// copySteps copies one file to another in two steps.
func (m *model) copySteps(l *modelLog, from func() string, to string, done func(c *inode)) []func() {
	var c *inode
	var out *os.File
	half := func(last bool) {
		src := from()
		f := l.files[src]
		if f == nil {
			return
		}
		in, err := os.ReadFile(l.path(m, src))
		m.must(err)
		if c == nil {
			m.drop(l, to)
			out, err = os.OpenFile(l.path(m, to), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			m.must(err)
			c = &inode{life: f.life, links: 1, isCopy: true}
			l.files[to] = c
		}
		n := len(in)
		if !last {
			n = m.r.IntN(n + 1)
		}
		if n > c.copied {
			_, err = out.Write(in[c.copied:n])
			m.must(err)
			c.copied = n
		}
		m.logf("copy %s to %s: %d of %s", src, to, c.copied, f.life.name)
		if last {
			out.Close()
			done(c)
		}
	}
	return []func(){func() { half(false) }, func() { half(true) }}
}

// rotate plans the steps of one rotation.
func (m *model) rotate(l *modelLog) {
	if l.files[l.name] == nil {
		return
	}
	one := l.name + ".1"
	switch kind := m.r.IntN(6); kind {
	case 0, 1: // create
		l.steps = append(l.steps, func() { m.shift(l) }, func() { m.rename(l, l.name, one) })
		if m.r.IntN(4) > 0 {
			l.steps = append(l.steps, func() {
				if l.files[l.name] == nil {
					m.must(os.WriteFile(l.path(m, l.name), nil, 0o600))
					l.files[l.name] = m.newInode(l)
					m.logf("create %s: %s", l.name, l.files[l.name].life.name)
				}
			})
		}
		l.steps = append(l.steps, func() { m.reopen(l) })
	case 2, 3: // copytruncate
		l.steps = append(l.steps, func() { m.shift(l) })
		var c *inode
		l.steps = append(l.steps, m.copySteps(l, func() string { return l.name }, one, func(n *inode) { c = n })...)
		l.steps = append(l.steps, func() { m.truncate(l, c) })
	case 4: // renamecopy
		tmp := l.name + ".tmp"
		l.steps = append(l.steps, func() { m.shift(l) }, func() { m.rename(l, l.name, tmp) }, func() { m.reopen(l) })
		l.steps = append(l.steps, m.copySteps(l, func() string { return tmp }, one, func(*inode) {})...)
		l.steps = append(l.steps, func() { m.drop(l, tmp) })
	case 5: // by hand
		l.steps = append(l.steps, func() { m.truncate(l, nil) })
		return
	}
	if m.r.IntN(2) == 0 {
		m.compressSteps(l, one)
	}
}

func (m *model) compressSteps(l *modelLog, name string) {
	var packed bytes.Buffer
	l.steps = append(l.steps, func() {
		f := l.files[name]
		if f == nil {
			return
		}
		if l.writing == f {
			m.reopen(l)
		}
		in, err := os.ReadFile(l.path(m, name))
		m.must(err)
		z := gzip.NewWriter(&packed)
		z.Write(in)
		z.Close()
		m.drop(l, name+".gz")
		m.must(os.WriteFile(l.path(m, name+".gz"), packed.Bytes()[:packed.Len()/2], 0o600))
		m.logf("compress %s: %s", name, f.life.name)
	}, func() {
		f := l.files[name]
		if f == nil {
			return
		}
		h, err := os.OpenFile(l.path(m, name+".gz"), os.O_WRONLY, 0)
		m.must(err)
		_, err = h.WriteAt(packed.Bytes(), 0)
		m.must(err)
		h.Close()
		c := &inode{life: f.life, links: 1, isCopy: true, copied: len(f.life.data)}
		if f.isCopy {
			c.copied = f.copied
		}
		l.files[name+".gz"] = c
		m.drop(l, name)
	})
}

func (m *model) reopen(l *modelLog) {
	if l.handle != nil {
		m.openLog(l)
	}
}

// truncate cuts a log off, after it was copied to c or not at all.
func (m *model) truncate(l *modelLog, c *inode) {
	f := l.files[l.name]
	if f == nil || f.isCopy {
		return
	}
	m.must(os.Truncate(l.path(m, l.name), 0))
	kept := 0
	if c != nil {
		kept = c.copied
	}
	m.logf("truncate %s: %s, %d bytes are in a copy", l.name, f.life.name, kept)
	for _, p := range f.life.pieces {
		if p.offset+p.size > kept {
			p.lost = true
		}
	}
	f.life.ended = true
	f.life = m.newLife(l)
}

// start makes a reader.
func (m *model) start() {
	var err error
	m.state, err = OpenState(filepath.Join(m.folder, "run"), filepath.Join(m.folder, "state"))
	m.must(err)
	m.state.boot[0] = m.boot
	m.f, err = New(Options{Source: "s", Paths: []string{filepath.Join(m.folder, "*.log*")}, FromBeginning: !m.fromEnd, State: m.state})
	m.must(err)
	m.must(m.f.open(m.took))
	m.logf("start")
}

// kill ends the reader without a word; pulled: with the whole board.
func (m *model) kill(pulled bool) {
	m.logf("kill, pulled %v", pulled)
	for _, l := range m.logs {
		if l.writing != nil && l.writing.links == 0 {
			for _, p := range l.writing.life.pieces {
				p.lost = true
			}
		}
	}
	for _, x := range m.f.files {
		if info, err := x.handle.Stat(); err == nil && !x.lost {
			m.unlinked(keyOf("", info))
		}
	}
	m.gaps += m.f.Status().Gaps
	m.f.close()
	for _, f := range m.state.open {
		f.file.Close()
	}
	m.state.unlock()
	m.forgetUnacked()
	if pulled {
		m.boot++
		m.cut = true
		// Who was never saved to the folder that survives does not know that there was a start.
		if _, err := os.Stat(filepath.Join(m.folder, "state", "s.positions")); err != nil {
			m.begun = false
		}
		m.must(os.RemoveAll(filepath.Join(m.folder, "run")))
		for _, p := range m.pieces {
			p.twice = true
		}
	}
	m.f = nil
}

// unlinked marks what only the reader had open as lost.
func (m *model) unlinked(k fileKey) {
	for _, l := range m.logs {
		for name := range l.files {
			if info, err := os.Stat(l.path(m, name)); err == nil && keyOf("", info) == k {
				return
			}
		}
	}
	for _, l := range m.logs {
		for _, p := range m.pieces {
			f := p.life
			linked := false
			for _, o := range l.files {
				linked = linked || o.life == f
			}
			_ = linked
		}
	}
	// Which life that was is not known here: those without any file are marked.
	for _, p := range m.pieces {
		linked := false
		for _, l := range m.logs {
			for _, o := range l.files {
				linked = linked || o.life == p.life && (!o.isCopy || p.offset+p.size <= o.copied)
			}
		}
		if !linked {
			p.lost = true
		}
	}
}

func (m *model) forgetUnacked() {
	for _, d := range m.unacked {
		for _, p := range d.pieces {
			p.twice = true
		}
	}
	m.unacked = nil
}

// stop ends the reader as SIGTERM does.
func (m *model) stop() {
	m.logf("stop")
	m.gaps += m.f.Status().Gaps
	for _, x := range m.f.files {
		if info, err := x.handle.Stat(); err == nil && !x.lost {
			m.unlinked(keyOf("", info))
		}
	}
	m.f.close()
	if m.r.IntN(2) == 0 {
		for _, d := range m.unacked {
			d.batch.Ack()
		}
		m.unacked = nil
	}
	m.forgetUnacked()
	m.must(m.state.Close())
	m.f = nil
	if m.r.IntN(2) == 0 {
		m.boot++
		m.must(os.RemoveAll(filepath.Join(m.folder, "run")))
		m.logf("reboot")
	}
}

// took is what the reader hands batches to.
func (m *model) took(b *Batch) error {
	var d delivered
	d.batch = b
	for _, r := range b.Records {
		d.pieces = append(d.pieces, m.record(r)...)
	}
	m.unacked = append(m.unacked, d)
	return nil
}

// record compares a record with what was written.
func (m *model) record(r Record) (pieces []*piece) {
	text := string(r.Text)
	m.logf("record %s %d at %d cut %v continued %v: %.20q of %d", filepath.Base(r.Path), r.Inode, r.Offset, r.Cut, r.Continued, text, len(text))
	if text == "" {
		return nil
	}
	if text[0] != '<' {
		for _, l := range m.logs {
			if l.header != "" && text == strings.TrimSuffix(l.header, "\n") {
				return nil
			}
		}
		m.fail("a record begins within a piece: %.50q", text)
	}
	number, _, _ := strings.Cut(text[1:], ":")
	n, err := strconv.Atoi(number)
	m.must(err)
	first := m.pieces[n]
	lf := first.life
	if int64(first.offset) != r.Offset {
		m.fail("record %.20q at %d, written at %d", text, r.Offset, first.offset)
	}
	end := first.offset + len(text)
	if end > len(lf.data) || string(lf.data[first.offset:end]) != text {
		m.fail("record %.50q differs from %.50q", text, lf.data[first.offset:])
	}
	whole := end < len(lf.data) && lf.data[end] == '\n'
	if whole == r.Cut && !lf.ended {
		m.fail("record %.50q: whole %v, cut %v", text, whole, r.Cut)
	}
	if first.old && !m.cut {
		m.fail("record %.50q was there at the first start", text)
	}
	for _, p := range lf.pieces {
		if p.offset >= first.offset && p.offset < end {
			pieces = append(pieces, p)
			p.times++
			// A content of which zero bytes alone were read has no identity but the inode. After
			// a copy no reader can know that these zero bytes were read, so that the first
			// record behind them may come from the copy, too.
			if len(bytes.Trim(lf.data[:first.offset], "\x00")) == 0 && first.offset > 0 {
				continue
			}
			if p.times > 1 && !p.twice {
				m.fail("record %.50q comes twice", text)
			}
			if p.times > 1 && !r.Redelivered {
				m.fail("record %.50q comes twice and does not say so", text)
			}
		}
	}
	return pieces
}

// poll lets the reader look at the files, and read if it should.
func (m *model) poll(read bool) {
	if m.f == nil {
		m.start()
	}
	m.now = m.now.Add(pollEvery)
	m.logf("poll")
	m.f.poll(m.now)
	if !m.begun {
		m.begun = true
		for _, p := range m.pieces {
			p.old = m.fromEnd
			p.lost = p.lost || m.fromEnd
		}
	}
	for _, l := range m.logs {
		l.lag++
		if l.files[l.name] != nil {
			l.known = true
			l.files[l.name].life.unheard = false
		}
	}
	if read {
		m.read()
	}
}

func (m *model) read() {
	if m.f == nil {
		return
	}
	for more := true; more; {
		var err error
		more, err = m.f.turn(m.now)
		m.must(err)
	}
	m.must(m.f.deliver())
	for len(m.unacked) > 0 && m.r.IntN(3) > 0 {
		m.unacked[0].batch.Ack()
		m.unacked = m.unacked[1:]
	}
}

// step does one random thing.
func (m *model) step() {
	m.ops++
	l := m.logs[m.r.IntN(len(m.logs))]
	for _, o := range m.logs { // writers leave rotated files in time
		if o.lag > 12 && o.handle != nil && o.files[o.name] != o.writing {
			m.reopen(o)
		}
	}
	switch n := m.r.IntN(100); {
	case n < 40:
		m.write(l)
	case n < 60:
		m.poll(true)
	case n < 63:
		m.poll(false)
	case n < 65:
		m.read()
	case n < 90:
		if len(l.steps) > 0 {
			l.steps[0]()
			l.steps = l.steps[1:]
		} else if n < 72 {
			m.rotate(l)
		}
	case n < 92 && m.f != nil:
		m.kill(m.r.IntN(5) == 0)
	case n < 93 && m.f != nil:
		m.stop()
	case n == 99 && m.r.IntN(10) == 0:
		for range 30 {
			for _, o := range m.logs {
				if o.handle != nil && o.files[o.name] != o.writing {
					m.reopen(o)
				}
			}
			m.poll(true)
		}
	}
}

// finish lets the reader catch up, and looks for lines that are missing.
func (m *model) finish() {
	for _, l := range m.logs {
		for len(l.steps) > 0 {
			l.steps[0]()
			l.steps = l.steps[1:]
		}
		m.reopen(l)
	}
	for range 60 {
		m.poll(true)
	}
	gaps := m.gaps + m.f.Status().Gaps
	for n, p := range m.pieces {
		last := p.life.data[p.offset:]
		hasEnd := bytes.IndexByte(last, '\n') >= 0
		if p.times > 0 || p.lost || p.life.unheard || !hasEnd || m.cut && gaps > 0 {
			continue
		}
		m.fail("piece <%d of %s was not read; %d gaps", n, p.life.name, gaps)
	}
	if s := m.f.Status(); len(s.Problems) > 0 {
		m.fail("problems: %v", s.Problems)
	}
	m.f.close()
	m.must(m.state.Close())
	for _, l := range m.logs {
		if l.handle != nil {
			l.handle.Close()
		}
	}
}

func runModel(t testing.TB, seed uint64, steps int) (ops int) {
	m := &model{t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 1)), folder: t.TempDir(), now: time.Now()}
	m.fromEnd = m.r.IntN(2) == 0
	for i := range 1 + m.r.IntN(3) {
		m.logs = append(m.logs, &modelLog{name: fmt.Sprintf("%c.log", 'a'+i), files: make(map[string]*inode), append: m.r.IntN(4) > 0})
	}
	for range steps {
		m.step()
	}
	m.finish()
	return m.ops
}

func TestModel(t *testing.T) {
	seeds, steps := 150, 300
	if s := os.Getenv("TRAWL_FOLLOW_SEEDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		seeds = n
	}
	first := uint64(1)
	if s := os.Getenv("TRAWL_FOLLOW_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		first, seeds = n, 1
	}
	ops := 0
	for seed := range uint64(seeds) {
		ops += runModel(t, first+seed, steps)
	}
	t.Logf("%d operations", ops)
	_ = slices.Max[[]int]
}
