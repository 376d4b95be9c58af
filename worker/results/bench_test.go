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
