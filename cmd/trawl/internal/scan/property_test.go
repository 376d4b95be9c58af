package scan

// How the input is cut into blocks, pieces and requests must never show.

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"trawl/edge/client"
	"trawl/edge/match"
)

// expected is the output for named contents, made in the plainest way.
func expected(rules []testRule, names, contents []string, o Options) string {
	var out strings.Builder
	for i, content := range contents {
		number, offset, count := 0, 0, 0
		for _, text := range strings.SplitAfter(content, "\n") {
			number++
			trimmed := strings.TrimSuffix(text, "\n")
			if matches := naive(rules, []byte(trimmed)); len(matches) > 0 {
				count++
				expectLine(&out, rules, names[i], number, offset, trimmed, matches, o)
			}
			offset += len(text)
		}
		switch {
		case o.Mode == Count:
			fmt.Fprintf(&out, "%s:%d\n", names[i], count)
		case o.Mode == Files && count > 0:
			fmt.Fprintf(&out, "%s\n", names[i])
		}
	}
	return out.String()
}

func expectLine(out *strings.Builder, rules []testRule, name string, number, offset int, text string, matches []match.Match, o Options) {
	var ids []string
	first := len(text)
	for start := range len(text) { // rules by their first match
		for _, m := range matches {
			id := rules[m.Rule].id()
			if int(m.Start) == start && !strings.Contains(","+strings.Join(ids, ",")+",", ","+id+",") {
				ids = append(ids, id)
				first = min(first, start)
			}
		}
	}
	switch o.Mode {
	case Lines:
		if len(text) > o.longLine {
			text = fmt.Sprintf("[line of %d bytes]", len(text))
		}
		fmt.Fprintf(out, "%s:%d:%d: %s: %s\n", name, number, first+1, strings.Join(ids, ","), text)
	case Only:
		for _, m := range matches {
			fmt.Fprintf(out, "%s:%d:%d: %s: %s\n", name, number, m.Start+1, rules[m.Rule].id(), text[m.Start:m.End])
		}
	case JSON:
		for _, m := range matches {
			fmt.Fprintf(out, `{"file":"%s","line":%d,"column":%d,"offset":%d,"rule":"%s","start":%d,"end":%d,"text":"%s"}`+"\n",
				name, number, m.Start+1, offset+int(m.Start), rules[m.Rule].id(), m.Start, m.End, text[m.Start:m.End])
		}
	}
}

func TestCuttingNeverShows(t *testing.T) {
	dir := t.TempDir()
	words := []string{"ab", "b", "abab!", "é", "aé!", "aaaaaaa", "b!"}
	broker := newFake(t, words...)
	broker.before = func(context.Context, *client.Request) error {
		time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond)
		return nil
	}
	longest := len("aaaaaaa")
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.Custom(func(t *rapid.T) string {
			parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "é", "\xc3", " ", "\n", "\r\n", "ab", "aaaaaaa", "xxxxxxxxxxxx"}), 0, 120).Draw(t, "parts")
			return strings.Join(parts, "")
		})
		contents := rapid.SliceOfN(content, 1, 6).Draw(t, "contents")
		o := Options{
			Mode:      rapid.SampledFrom([]Mode{Lines, JSON, Only, Count, Files}).Draw(t, "mode"),
			BlockSize: rapid.IntRange(1, 200).Draw(t, "block"),
			InFlight:  rapid.IntRange(1, 5).Draw(t, "in flight"),
			Overlap:   longest,
			longLine:  rapid.IntRange(1, 300).Draw(t, "long"),
			sniff:     rapid.IntRange(1, 50).Draw(t, "sniff"),
		}
		// Every line fits in an answer; a block need not.
		broker.limit, broker.roomy = rapid.IntRange(0, 20).Draw(t, "limit"), true
		names := make([]string, len(contents))
		stdin := -1
		for i, content := range contents {
			names[i] = filepath.Join(dir, fmt.Sprint(i))
			if stdin < 0 && rapid.IntRange(0, 3).Draw(t, "stdin") == 0 {
				names[i], stdin = stdinName, i
			} else if err := os.WriteFile(names[i], []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		check(t, broker, names, contents, stdin, o)
	})
}

func check(t *rapid.T, broker *fake, names, contents []string, stdin int, o Options) {
	paths := append([]string(nil), names...)
	var in io.Reader
	if stdin >= 0 {
		paths[stdin] = "-"
		in = iotest.OneByteReader(strings.NewReader(contents[stdin]))
	}
	if len(paths) == 1 { // a name needs a second file
		paths, names = append(paths, os.DevNull), append(names, os.DevNull)
		contents = append(contents, "")
	}
	var out, errOut bytes.Buffer
	sum, _, err := Run(context.Background(), broker, paths, o, in, &out, &errOut)
	if err != nil || errOut.Len() > 0 {
		t.Fatalf("error %v, stderr %q", err, errOut.String())
	}
	if want := expected(broker.rules, names, contents, o); out.String() != want {
		t.Fatalf("got\n%s\nwant\n%s", out.String(), want)
	}
	if size := len(strings.Join(contents, "")); o.Mode != Files && sum.Bytes != int64(size) {
		t.Fatalf("%d bytes of %d", sum.Bytes, size)
	}
}
