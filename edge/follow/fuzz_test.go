package follow

// Parsers of bytes and names that others may have made.

import (
	"bytes"
	"testing"
)

func FuzzPositions(f *testing.F) {
	e := entry{path: "/var/log/a.log", order: 7, done: true, identity: identity{inode: 3, point: point{offset: 100, tailLen: 64}}}
	e.setPrefix([]byte("\x00\x00first line\n"))
	f.Add(e.append(nil))
	f.Add([]byte{headKind, 1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := parseEntry(b); err == nil && !bytes.Equal(e.append(nil), b) {
			t.Errorf("entry %x was read from %x", e.append(nil), b)
		}
		parseHead(b)
		values, writes, damaged := parseSlots(b)
		if len(values)+damaged > len(writes) {
			t.Errorf("%d values and %d damaged ones in %d slots", len(values), damaged, len(writes))
		}
		for _, v := range values {
			if len(v.value) == 0 || len(v.value) > maxValue || v.slot >= len(writes) {
				t.Errorf("slot %d of %d holds %d bytes", v.slot, len(writes), len(v.value))
			}
		}
	})
}

func FuzzSiblingName(f *testing.F) {
	for _, s := range []string{"a.log.1", "a.log.2.gz", "a.log-20240131", "a-20240131.log.gz", "a.log.tmp", "a.1.log", ".gz", "a..1"} {
		f.Add("a.log", s)
	}
	f.Fuzz(func(t *testing.T, base, name string) {
		r, ok := rankOf(base, name)
		if ok && r.compare(r) != 0 {
			t.Errorf("%q is younger or older than itself", name)
		}
		if ok && base == name {
			t.Errorf("%q is rotated away from itself", name)
		}
		for _, log := range bases(name) {
			if _, ok := rankOf(log, name); !ok || log == name {
				t.Errorf("%q is said to be of %q", name, log)
			}
		}
	})
}
