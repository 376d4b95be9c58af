package wire

import "testing"

func TestDamagedPackedResults(t *testing.T) {
	whole := []byte("\x01\x00\x00\x00\x02\x04\x03\x00\x03his\x03\x02\x01\x02he") // of "this here"
	damaged := map[string][]byte{
		"empty":                   {},
		"another version":         append([]byte{9}, whole[1:]...),
		"unknown want":            {PackedVersion, byte(NumWants), 0, 0, 0},
		"unknown split":           {PackedVersion, 0, 2, 0, 0},
		"cut":                     whole[:len(whole)-1],
		"something after":         append(whole[:len(whole):len(whole)], 0),
		"an early rule":           {PackedVersion, 0, 0, 0, 1, 1, 1, 1},
		"a match before the text": {PackedVersion, 0, 0, 0, 1, 1, 2, 0, 1, 'a'},
	}
	for what, frame := range damaged {
		r, err := NewPackedReader(frame)
		for o := new(PackedOutcome); err == nil && o != nil; {
			o, err = r.Next()
		}
		if err == nil {
			t.Errorf("%s: read without an error", what)
		}
	}
}

func FuzzPackedReader(f *testing.F) {
	for _, frame := range []string{ // "this here\nis history 42\n\xff\xfe", for every want, as a text and in lines
		"\x01\x00\x00\x00\x05\x04\x03\x00\x03his\x03\x02\x01\x02he\t\x03\x00\a\x02\x02\x06digits\x03\x02\x03\bhex:fffe",
		"\x01\x00\x01\x01\x00\x00\x02\x04\x03\x00\x03his\x03\x02\x01\x02he\x01\n\x00\x02\x06\x03\x00\a\x02\x02\x06digits\x01\x0e\x00\x01\x02\x02\x03\bhex:fffe\x00\x00",
		"\x01\x01\x00\x00\x04\x00\x03his\x01\x02he\x02\x06digits\x03\bhex:fffe",
		"\x01\x01\x01\x01\x00\x00\x02\x00\x03his\x01\x02he\x01\n\x00\x02\x00\x02\x06digits\x01\x0e\x00\x01\x03\bhex:fffe\x00\x00",
		"\x01\x02\x00\x00\x01\x04\x03\x00\x03his",
		"\x01\x02\x01\x01\x00\x00\x01\x04\x03\x00\x03his\x01\n\x00\x01\x06\x03\x00\x01\x0e\x00\x01\x02\x02\x01\bhex:fffe\x00\x00",
		"\x01\x03\x00\x00\x05",
		"\x01\x03\x01\x01\x00\x00\x02\x01\n\x00\x02\x01\x0e\x00\x01\x00\x00",
		"\x01\x04\x00\x00\x01",
		"\x01\x04\x01\x01\x00\x00\x01\x01\n\x00\x01\x01\x0e\x00\x01\x00\x00",
	} {
		f.Add([]byte(frame))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		r, err := NewPackedReader(frame)
		for n := 0; err == nil; n++ {
			var o *PackedOutcome
			if o, err = r.Next(); o == nil {
				return
			}
			if n > len(frame) {
				t.Fatal("more outcomes than bytes")
			}
			for _, m := range o.Matches {
				if m.Start < 0 || m.Start > m.End || m.Rule >= len(r.Rules) {
					t.Fatalf("impossible match %+v", m)
				}
			}
			if o.Line < 0 || o.Offset < 0 {
				t.Fatalf("impossible line %+v", o)
			}
		}
	})
}
