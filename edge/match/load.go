package match

// Opening a pack. Everything that scanning relies on is checked when the pack is opened. Then no
// pack, however damaged, makes a scan read outside of the pack.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"sync"

	"trawl/edge/files"
)

// Errors of opening a pack; errors.Is finds each behind a message with the details.
var (
	ErrDamaged = errors.New("damaged pack: compile it again")
	ErrNotPack = errors.New("not a compiled pack")
	ErrVersion = errors.New("pack of another format version: compile it again")
)

// IsPack says whether a file beginning with head is a pack, of any version. Eight bytes are enough.
func IsPack(head []byte) bool {
	return len(head) >= len(magic) && string(head[:len(magic)]) == magic
}

// Open reads the pack in the file path into memory and checks the pack as [Load] does. The file may
// change afterwards. [OpenMapped] is for files that do not change.
func Open(path string) (*Pack, error) {
	f, info, err := files.Open(path)
	if err != nil {
		return nil, err // it names the file
	}
	defer f.Close()
	if err := checkHeaderOf(f, info.Size()); err != nil {
		return nil, err
	}
	data, err := files.ReadAll(f, path, info.Size())
	if err != nil {
		return nil, err
	}
	return named(path)(Load(data))
}

// named puts the file's name into the errors of a pack.
func named(path string) func(*Pack, error) (*Pack, error) {
	return func(p *Pack, err error) (*Pack, error) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return p, nil
	}
}

// Load takes data over as a pack. It checks the layout, the checksums and every number that a scan
// follows; [Pack.Verify] checks the SHA-256. The errors are ErrNotPack, ErrVersion, ErrDamaged and,
// for a pack of the engine cloudflare needing too much memory, ErrTooLarge.
func Load(data []byte) (*Pack, error) {
	l := &loader{data: data, sections: map[uint32][]byte{}}
	if err := l.layout(); err != nil {
		return nil, err
	}
	p := &Pack{data: data, hash: fmt.Sprintf("%x", data[atHash:headerSize])}
	l.info(p)
	for _, step := range []func(*Pack){l.flags, l.names, l.metas, l.regexes} {
		if l.err == nil { // each step relies on the steps before
			step(p)
		}
	}
	if l.err != nil {
		return nil, l.err
	}
	p.info.Regexes, p.info.Bytes = len(p.regexes), int64(len(data))
	p.info.Unhinted = p.programs.unhinted
	p.info.AutomataBytes = l.automataBytes()
	l.patterns = len(p.regexes)
	p.matcher = l.engine.open(l, p)
	switch {
	case p.info.Rules > l.patterns: // rules without patterns could be any number
		l.damaged("%d rules of %d patterns", p.info.Rules, l.patterns)
	case len(l.sections) > 0:
		l.damaged("%d sections too many", len(l.sections))
	}
	if l.err != nil {
		return nil, l.err
	}
	p.texts = sync.OnceValue(p.literalTexts)
	return p, nil
}

// loader takes a pack apart. After the first error all steps do nothing.
type loader struct {
	data     []byte
	engine   *engine
	sections map[uint32][]byte // by kind; taken sections are deleted
	patterns int               // number of regexes and of literals of rules
	err      error
}

func (l *loader) damaged(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf("%w (%s)", ErrDamaged, fmt.Sprintf(format, args...))
	}
}

// automataBytes is how many bytes the sections of the automata take.
func (l *loader) automataBytes() (n int64) {
	for kind, body := range l.sections {
		if isAutomaton(kind) {
			n += int64(len(body))
		}
	}
	return n
}

// layout checks header, table and checksums.
func (l *loader) layout() error {
	data := l.data
	if err := checkHeader(data[:min(len(data), headerSize)], int64(len(data))); err != nil {
		return err
	}
	count := binary.LittleEndian.Uint32(data[atCount:])
	if count > maxSections || headerSize+int(count)*tableEntry > len(data) {
		return fmt.Errorf("%w (%d sections)", ErrDamaged, count)
	}
	end := len(data) - int(count)*tableEntry
	table := data[end:]
	if headerChecksum(data, table) != binary.LittleEndian.Uint32(data[atChecksum:]) {
		return fmt.Errorf("%w (checksum of the header)", ErrDamaged)
	}
	free := uint64(headerSize)
	for ; len(table) > 0; table = table[tableEntry:] {
		kind := binary.LittleEndian.Uint32(table)
		at, size := binary.LittleEndian.Uint64(table[8:]), binary.LittleEndian.Uint64(table[16:])
		if at < free || at%alignment != 0 || at > uint64(end) || size > uint64(end)-at {
			return fmt.Errorf("%w (section %d lies outside)", ErrDamaged, kind)
		}
		free = at + size
		body := data[at : at+size : at+size]
		if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(table[4:]) {
			return fmt.Errorf("%w (checksum of section %d)", ErrDamaged, kind)
		}
		if _, twice := l.sections[kind]; twice {
			return fmt.Errorf("%w (section %d twice)", ErrDamaged, kind)
		}
		l.sections[kind] = body
	}
	return nil
}

// checkHeader refuses a header, or the beginning of a header, unless the header is of a pack of
// size bytes.
func checkHeader(header []byte, size int64) error {
	if !IsPack(header) {
		return ErrNotPack
	}
	if len(header) < headerSize {
		return fmt.Errorf("%w (%d bytes)", ErrDamaged, len(header))
	}
	if err := checkVersion(header); err != nil {
		return err
	}
	if n := binary.LittleEndian.Uint64(header[atLength:]); n != uint64(size) || size > math.MaxInt32 {
		return fmt.Errorf("%w (%d bytes, its header says %d)", ErrDamaged, size, n)
	}
	return nil
}

// checkHeaderOf is checkHeader for a file of that size. Only a file that passes is worth being read
// or mapped as a whole.
func checkHeaderOf(f *os.File, size int64) error {
	var header [headerSize]byte
	n, err := f.ReadAt(header[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := checkHeader(header[:n], size); err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	return nil
}

// checkVersion refuses a header of another version of the format.
func checkVersion(header []byte) error {
	if v := binary.LittleEndian.Uint32(header[atVersion:]); v != FormatVersion {
		whose := "an older"
		if v > FormatVersion {
			whose = "a newer"
		}
		return fmt.Errorf("%w (it has %d, of %s trawl; this program reads %d)", ErrVersion, v, whose, FormatVersion)
	}
	return nil
}

// take returns a section, nil if there is none. It checks that the section consists of units of
// unit bytes.
func (l *loader) take(kind uint32, unit int) []byte {
	body := l.sections[kind]
	delete(l.sections, kind)
	if len(body)%unit != 0 {
		l.damaged("section %d has %d bytes", kind, len(body))
		return nil
	}
	return body
}

func (l *loader) info(p *Pack) {
	body := l.take(sectionInfo, 1)
	if len(body) < infoSize {
		l.damaged("info is too short")
		return
	}
	var counts [5]int64
	for i := range counts {
		v := binary.LittleEndian.Uint64(body[8+8*i:])
		if v > math.MaxInt32 {
			l.damaged("info counts %d", v)
		}
		counts[i] = int64(v)
	}
	kind := engineKind(binary.LittleEndian.Uint32(body))
	if l.engine = engineOf(kind); l.engine == nil {
		l.damaged("info names engine %d", kind)
		return
	}
	p.info = Info{
		Name:           string(body[infoSize:]),
		Engine:         l.engine.name,
		Rules:          int(counts[0]),
		Literals:       int(counts[1]),
		PatternBytes:   counts[2],
		LongestLiteral: int(counts[3]),
		States:         int(counts[4]),
	}
}

// flags takes a byte of flags for each rule, or one byte for all rules.
func (l *loader) flags(p *Pack) {
	t := &p.flags
	t.bytes, t.rules = l.take(sectionFlags, 1), p.info.Rules
	switch len(t.bytes) {
	case t.rules:
		t.mask = ^uint32(0)
	case 1:
	default:
		l.damaged("flags of %d rules, not %d", len(t.bytes), t.rules)
		return
	}
	if t.rules > maxRules || t.rules == 0 && len(t.bytes) > 0 {
		l.damaged("%d rules", t.rules)
		return
	}
	for _, f := range t.bytes {
		if f&^ruleFlags != 0 || f&ruleRegex != 0 && f&ruleWhole != 0 {
			l.damaged("a rule's flags are %#x", f)
			return
		}
	}
}

// isOffsets says whether offsets cut size bytes into n pieces.
func isOffsets(offsets []uint32, n, size int) bool {
	if len(offsets) != n+1 || offsets[0] != 0 || uint64(offsets[n]) != uint64(size) {
		return false
	}
	for i := range n {
		if offsets[i] > offsets[i+1] {
			return false
		}
	}
	return true
}

func (l *loader) metas(p *Pack) {
	t := &p.metas
	t.rules = viewUint32s(l.take(sectionMetaRules, 4))
	t.offsets = viewUint32s(l.take(sectionMetaOffsets, 4))
	t.records = l.take(sectionMeta, 1)
	if len(t.rules) == 0 && len(t.offsets) == 0 && len(t.records) == 0 {
		return
	}
	if !isOffsets(t.offsets, len(t.rules), len(t.records)) {
		l.damaged("metadata")
		return
	}
	for i, rule := range t.rules {
		if int(rule) >= p.flags.rules || i > 0 && rule <= t.rules[i-1] {
			l.damaged("metadata of rule %d", rule)
			return
		}
		if _, ok := decodeMeta(t.records[t.offsets[i]:t.offsets[i+1]]); !ok {
			l.damaged("metadata of rule %d", rule)
			return
		}
	}
}

func (l *loader) regexes(p *Pack) {
	r := fieldReader{rest: l.take(sectionRegexes, 1)}
	for len(r.rest) > 0 && !r.bad {
		rule, expr := r.number(), r.bytes()
		n := len(p.regexes)
		if r.bad || len(expr) == 0 || rule >= uint64(p.flags.rules) || p.flags.of(uint32(rule))&ruleRegex == 0 ||
			n > 0 && rule <= uint64(p.regexes[n-1].rule) {
			l.damaged("regexes")
			return
		}
		if _, named := p.names.find(uint32(rule)); !named {
			l.damaged("a regex without an id")
			return
		}
		// The expression is parsed when it is first used.
		p.regexes = append(p.regexes, &regexRule{
			rule: uint32(rule), expr: string(expr), noCase: p.flags.of(uint32(rule))&ruleNoCase != 0,
		})
		if r := p.regexes[n]; mayName(r.expr) {
			r.mayName = true
			p.groups.rules++
		}
	}
	regexRules := 0
	for _, f := range p.flags.bytes {
		if f&ruleRegex != 0 {
			regexRules++
		}
	}
	if regexRules > 0 && p.flags.mask == 0 {
		regexRules = p.flags.rules
	}
	if regexRules != len(p.regexes) {
		l.damaged("%d regexes for %d rules", len(p.regexes), regexRules)
	}
	p.triggers = l.loadTriggers(len(p.regexes))
	p.programs.init(p.regexes, p.triggers.hints(len(p.regexes)))
}
