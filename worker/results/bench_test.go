package results

import (
	"bytes"
	"slices"
	"testing"

	"trawl/edge/match"
	"trawl/edge/wire"
)

// BenchmarkEncoder is what writing the result of a text costs.
func BenchmarkEncoder(b *testing.B) {
	p := testPack(b)
	text := bytes.Repeat([]byte("this here is history 42\n"), 20)
	for _, header := range []string{
		`{}`, `{"fields":["text","tags"]}`, `{"want":"rules"}`, `{"split":"lines"}`,
		`{"format":"packed"}`, `{"format":"packed","split":"lines"}`, `{"format":"packed","want":"rules"}`,
	} {
		h, err := wire.ParseRequestHeader([]byte(header))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(header, func(b *testing.B) {
			var e Encoder
			var dst []byte
			var lines []match.Line
			q := match.Query{Want: MatchWant(h.Want), Limit: h.Limit}
			r := p.Scan(p.NewScratch(), text, q)
			p.ScanLines(p.NewScratch(), text, q, func(l *match.Line) bool {
				own := *l
				own.Matches = slices.Clone(l.Matches)
				lines = append(lines, own)
				return true
			})
			b.ReportAllocs()
			for b.Loop() {
				e.Reset(p, &h, 4<<20)
				if !h.Lines {
					dst = e.Text(dst[:0], text, &r)
					continue
				}
				dst = e.BeginLines(dst[:0])
				for i := range lines {
					l := &lines[i]
					dst = e.Line(dst, text[l.Offset:l.Offset+l.Length], l)
				}
				dst = e.EndLines(dst, &r)
			}
		})
	}
}

// BenchmarkMerge is what making one result of two costs.
func BenchmarkMerge(b *testing.B) {
	p, other := testPack(b), wordPack(b, "this", "here", "history")
	text := bytes.Repeat([]byte("this here is history 42\n"), 20)
	for _, header := range []string{`{}`, `{"want":"rules"}`, `{"format":"packed"}`} {
		h, err := wire.ParseRequestHeader([]byte(header))
		if err != nil {
			b.Fatal(err)
		}
		first, second := encode(p, &h, text, plenty), encode(other, &h, text, plenty)
		b.Run(header, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Merge(nil, &h, first, second, nil, plenty); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGroups is a log of which one line in a hundred matches, with and without groups.
func BenchmarkGroups(b *testing.B) {
	builder := match.NewBuilder(match.Options{})
	for _, r := range []match.Rule{
		{ID: "failed", Regex: `^\w{3} [ \d]\d \d\d:\d\d:\d\d (?P<host>\S+) sshd\[\d+\]: Failed password for (?:invalid user )?(?P<user>\S+) from (?P<ip>[0-9a-fA-F.:]+) port (?P<port>\d+)`},
		{ID: "closed", Regex: `Connection closed by (?P<ip>[0-9a-fA-F.:]+) port \d+`},
	} {
		if err := builder.Add(&r); err != nil {
			b.Fatal(err)
		}
	}
	p, err := builder.Pack()
	if err != nil {
		b.Fatal(err)
	}
	var log bytes.Buffer
	for i := range 2000 {
		if i%100 == 50 {
			log.WriteString("Mar  7 18:53:23 bar sshd[1558]: Failed password for invalid user admin from 203.0.113.9 port 51122 ssh2\n")
		} else {
			log.WriteString("Mar  7 18:53:23 bar kernel: [12345.678901] usb 1-1.4: new high-speed USB device number 7 using dwc_otg\n")
		}
	}
	for _, header := range []string{`{"split":"lines"}`, `{"split":"lines","fields":["groups"]}`} {
		h, err := wire.ParseRequestHeader([]byte(header))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(header, func(b *testing.B) {
			var e Encoder
			var dst []byte
			s := p.NewScratch()
			b.SetBytes(int64(log.Len()))
			for b.Loop() {
				e.Reset(p, &h, 4<<20)
				dst = e.BeginLines(dst[:0])
				r := p.ScanLines(s, log.Bytes(), match.Query{}, func(l *match.Line) bool {
					dst = e.Line(dst, log.Bytes()[l.Offset:l.Offset+l.Length], l)
					return true
				})
				dst = e.EndLines(dst, &r)
			}
		})
	}
}

// BenchmarkTally is what counting adds to a result of many matches.
func BenchmarkTally(b *testing.B) {
	p := testPack(b)
	text := bytes.Repeat([]byte("this here is history 42\n"), 20)
	r := p.Scan(p.NewScratch(), text, match.Query{})
	h := wire.NewRequestHeader()
	h.Format = wire.FormatPacked
	for name, tally := range map[string]*Tally{"without": nil, "with": {}} {
		b.Run(name, func(b *testing.B) {
			e := Encoder{Tally: tally}
			var dst []byte
			for b.Loop() {
				e.Reset(p, &h, 4<<20)
				dst = e.Text(dst[:0], text, &r)
				if tally != nil {
					tally.Take(nil)
				}
			}
		})
	}
}
