package release_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"trawl/edge/release"
	"trawl/edge/release/internal/releasetest"
)

func small(t testing.TB) *release.Document {
	return releasetest.Document(t, "pii", 8, releasetest.Member{Name: "pii.pack", Data: []byte("the pack")}, releasetest.Member{Name: "names.txt", Data: []byte("he\n")})
}

func TestDocumentHasOneEncoding(t *testing.T) {
	d := small(t)
	text, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"trawl_release":1,"set":"pii","number":8,"by":"ann","note":"a <test> & \"more\"","made":"2026-11-30",` +
		`"members":[{"name":"pii.pack","size":8,"chunks":["b26872dcf8fd22c5e31a26bb43fdb65c4dac54fc6ea1a4a1e2a1bf1b7b2d2dbb"]},` +
		`{"name":"names.txt","size":3,"chunks":["PLACE"]}],` +
		`"pack":{"format":4,"memory":{"pack":1000,"programs":200,"per_slot":30,"load":500,"compile":900}}}`
	hash := func(s string) string { return release.HashOf([]byte(s)).String() }
	expect := strings.NewReplacer("b26872dcf8fd22c5e31a26bb43fdb65c4dac54fc6ea1a4a1e2a1bf1b7b2d2dbb", hash("the pack"), "PLACE", hash("he\n")).Replace(want)
	if string(text) != expect {
		t.Errorf("%s\nwant\n%s", text, expect)
	}
	again, err := release.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if text2, err := again.Encode(); err != nil || !bytes.Equal(text2, text) {
		t.Errorf("read and written again: %s, %v", text2, err)
	}
}

// Each other way to write the same is refused: two documents that mean the same would have two
// hashes.
func TestDocumentInAnotherFormIsRefused(t *testing.T) {
	text, err := small(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(string) string{
		"an unknown key":        func(s string) string { return strings.Replace(s, `"by"`, `"x":1,"by"`, 1) },
		"a key in capitals":     func(s string) string { return strings.Replace(s, `"by"`, `"By"`, 1) },
		"a key twice":           func(s string) string { return strings.Replace(s, `"by"`, `"by":"bob","by"`, 1) },
		"a key that is missing": func(s string) string { return strings.Replace(s, `"by":"ann",`, ``, 1) },
		"another order": func(s string) string {
			return strings.Replace(s, `"set":"pii","number":8`, `"number":8,"set":"pii"`, 1)
		},
		"white space":           func(s string) string { return strings.Replace(s, `,`, `, `, 1) },
		"a line break behind":   func(s string) string { return s + "\n" },
		"another object behind": func(s string) string { return s + `{}` },
		"an escape":             func(s string) string { return strings.Replace(s, `<`, `\u003c`, 1) },
		"a number as text":      func(s string) string { return strings.Replace(s, `"number":8`, `"number":"8"`, 1) },
		"a number as 8.0":       func(s string) string { return strings.Replace(s, `"number":8`, `"number":8.0`, 1) },
		"null":                  func(s string) string { return strings.Replace(s, `"ann"`, `null`, 1) },
		"hashes in capitals": func(s string) string {
			hash := release.HashOf([]byte("he\n")).String()
			return strings.Replace(s, hash, strings.ToUpper(hash), 1)
		},
		"bytes that are no UTF-8": func(s string) string { return strings.Replace(s, `ann`, "a\xffn", 1) },
		"a list":                  func(s string) string { return "[" + s + "]" },
		"nothing":                 func(string) string { return "" },
	} {
		changed := change(string(text))
		if changed == string(text) {
			t.Fatalf("%s: nothing changed", what)
		}
		if _, err := release.Decode([]byte(changed)); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
}

func TestDocumentIsBounded(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for what, change := range map[string]func(*release.Document){
		"another format":             func(d *release.Document) { d.Format = 2 },
		"no name":                    func(d *release.Document) { d.Set = "" },
		"a name with a dot first":    func(d *release.Document) { d.Set = ".." },
		"a name with a slash":        func(d *release.Document) { d.Set = "a/b" },
		"a name in capitals":         func(d *release.Document) { d.Set = "PII" },
		"a long name":                func(d *release.Document) { d.Set = long },
		"number 0":                   func(d *release.Document) { d.Number = 0 },
		"a number without end":       func(d *release.Document) { d.Number = 1 << 60 },
		"a long note":                func(d *release.Document) { d.Note = long },
		"a note of two lines":        func(d *release.Document) { d.Note = "a\nb" },
		"a hidden note":              func(d *release.Document) { d.Note = "a\u202eb" },
		"a long by":                  func(d *release.Document) { d.By = long },
		"no day":                     func(d *release.Document) { d.Made = "yesterday" },
		"a day that is none":         func(d *release.Document) { d.Made = "2026-02-30" },
		"no members":                 func(d *release.Document) { d.Members = nil },
		"no sources":                 func(d *release.Document) { d.Members = d.Members[:1] },
		"too many members":           func(d *release.Document) { d.Members = make([]release.Member, 300) },
		"a pack of another name":     func(d *release.Document) { d.Members[0].Name = "x.pack" },
		"a pack behind":              func(d *release.Document) { d.Members[1].Name = "x.PACK" },
		"a path":                     func(d *release.Document) { d.Members[1].Name = "../x" },
		"a member with a dot first":  func(d *release.Document) { d.Members[1].Name = ".x" },
		"a member with a tilde":      func(d *release.Document) { d.Members[1].Name = "x~" },
		"a member that is an option": func(d *release.Document) { d.Members[1].Name = "-x" },
		"a member without a name":    func(d *release.Document) { d.Members[1].Name = "" },
		"two members of a name": func(d *release.Document) {
			d.Members = append(d.Members, d.Members[1])
			d.Members[2].Name = "NAMES.txt"
		},
		"an empty member":         func(d *release.Document) { d.Members[1].Size = 0; d.Members[1].Chunks = nil },
		"a negative size":         func(d *release.Document) { d.Members[1].Size = -1 },
		"more chunks than bytes":  func(d *release.Document) { d.Members[1].Chunks = append(d.Members[1].Chunks, release.Hash{}) },
		"more bytes than chunks":  func(d *release.Document) { d.Members[1].Size = release.ChunkSize + 1 },
		"a chunk of two sizes":    func(d *release.Document) { d.Members[1].Chunks[0] = d.Members[0].Chunks[0] },
		"no format of packs":      func(d *release.Document) { d.Pack.Format = 0 },
		"memory below nothing":    func(d *release.Document) { d.Pack.Memory.Load = -1 },
		"memory without end":      func(d *release.Document) { d.Pack.Memory.Pack = 1 << 62 },
		"more than all may have":  func(d *release.Document) { d.Members[1].Size = 1 << 40 },
		"more than all together":  tooLarge,
		"a document without end":  tooManyChunks,
		"a member of a long name": func(d *release.Document) { d.Members[1].Name = long },
	} {
		d := small(t)
		change(d)
		if _, err := d.Encode(); err == nil {
			t.Errorf("%s can be written", what)
		}
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := release.Decode(text); err == nil {
			t.Errorf("%s can be read", what)
		} else if len(err.Error()) > 1500 {
			t.Errorf("%s: an error of %d bytes", what, len(err.Error()))
		}
	}
}

func tooLarge(d *release.Document) {
	d.Members[0].Size, d.Members[0].Chunks = release.MaxBundle, make([]release.Hash, release.MaxBundle/release.ChunkSize)
}

func tooManyChunks(d *release.Document) {
	tooLarge(d)
	d.Members[0].Chunks = make([]release.Hash, 5000)
}

func TestWantedMembers(t *testing.T) {
	d := small(t)
	large := small(t)
	large.Members[1].Size = release.KeepSources + 1
	for _, test := range []struct {
		d       *release.Document
		format  int
		want    []int
		compile bool
	}{{d, 4, []int{0, 1}, false}, {d, 5, []int{1}, true}, {large, 4, []int{0}, false}, {large, 3, []int{1}, true}} {
		if members, compile := test.d.Wanted(test.format); len(members) != len(test.want) || members[0] != test.want[0] || compile != test.compile {
			t.Errorf("format %d: %v, %v", test.format, members, compile)
		}
	}
}

func TestNeededMemory(t *testing.T) {
	m := small(t).Pack.Memory
	if n := m.Needed(4, false); n != 1000+200+4*30+500 {
		t.Errorf("%d bytes", n)
	}
	if n := m.Needed(4, true); n != 1000+200+4*30+900 {
		t.Errorf("%d bytes with the sources compiled", n)
	}
}

func FuzzDocument(f *testing.F) {
	text, err := small(f).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"trawl_release":2}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := release.Decode(text)
		if err != nil {
			return
		}
		again, err := d.Encode()
		if err != nil || !bytes.Equal(again, text) {
			t.Fatalf("%q is written as %q, %v", text, again, err)
		}
		sum := 0
		for _, c := range d.Chunks() {
			if c.Size < 1 || c.Size > release.ChunkSize {
				t.Fatalf("a chunk of %d bytes", c.Size)
			}
			sum++
		}
		if sum > len(text)/64 {
			t.Fatalf("%d chunks in %d bytes", sum, len(text))
		}
	})
}
