package scan

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"trawl/edge/match"
)

// BenchmarkScan is everything but the network: 16 MB of log lines against 1,000
// words of which one line in ten has one.
func BenchmarkScan(b *testing.B) {
	var rules []*match.Rule
	for i := range 1000 {
		rules = append(rules, &match.Rule{Literals: [][]byte{fmt.Appendf(nil, "word%03d", i)}})
	}
	asker := packOf(b, rules...)
	var log bytes.Buffer
	for i := 0; log.Len() < 16<<20; i++ {
		fmt.Fprintf(&log, "2024-05-01T12:00:%02d host app[%d]: request %d took %d ms", i%60, i%977, i, i%1231)
		if i%10 == 0 {
			fmt.Fprintf(&log, " word%03d", i%1000)
		}
		log.WriteByte('\n')
	}
	path := filepath.Join(b.TempDir(), "log")
	if err := os.WriteFile(path, log.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	for name, mode := range map[string]Mode{"lines": Lines, "json": JSON, "count": Count} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(log.Len()))
			b.ReportAllocs()
			for b.Loop() {
				if _, matched, err := Run(b.Context(), asker, []string{path}, Options{Mode: mode}, nil, io.Discard, io.Discard); !matched || err != nil {
					b.Fatal(matched, err)
				}
			}
		})
	}
}

// BenchmarkPrint is the goroutine that prints, alone: lines that all match.
func BenchmarkPrint(b *testing.B) {
	block := bytes.Repeat([]byte("some line of a log that is not long, with word in it\n"), 4000)
	asker := packOf(b, &match.Rule{Literals: [][]byte{[]byte("word")}})
	for name, mode := range map[string]Mode{"lines": Lines, "json": JSON, "only": Only} {
		b.Run(name, func(b *testing.B) {
			o := Options{Mode: mode}
			o.setDefaults()
			p := newPrinter(&o, asker, true, io.Discard, io.Discard)
			batch := newBatch()
			batch.reset(len(block))
			batch.texts = append(batch.texts, text{file: &file{name: "some/file.log"}, data: block})
			batch.ask(b.Context(), asker, &o)
			b.SetBytes(int64(len(block)))
			b.ReportAllocs()
			for b.Loop() {
				if err := p.batch(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
