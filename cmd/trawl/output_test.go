package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"trawl/edge/escape"
	"trawl/edge/problem"
	"trawl/edge/wire"
)

// hostile moves the cursor, sets the clipboard, forges a row, and writes backwards.
const hostile = "a\x1b[2J\x1b]52;c;eA==\x07\nforged\trow\r\u009b31m\u202e\u200b\u2028\x7f\xff"

// fill sets all texts in v, and all else to something.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), text)
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			v.SetBytes(wire.JSONFrame(map[string]any{"model": text, "os": text, "arch": text, "load": 1, "celsius": 80}))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), text)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(text).Convert(v.Type().Key()), reflect.ValueOf(int64(1)))
	case reflect.String:
		v.SetString(text)
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Bool:
		v.SetBool(true)
	}
}

// shown is what printing a status gives, with all its texts set to text.
func shown(text string) string {
	var out bytes.Buffer
	a := &app{stdio: stdio{out: &out}}
	var s wire.Status
	fill(reflect.ValueOf(&s).Elem(), text)
	a.printStatus(&s)
	return out.String()
}

func TestStatusShowsHostileTextAndDoesNotObeyIt(t *testing.T) {
	plain, got := shown("plain"), shown(hostile)
	if a, b := linesOf(plain), linesOf(got); a != b {
		t.Errorf("%d lines instead of %d:\n%q", b, a, got)
	}
	for line := range strings.Lines(got) {
		if escape.Hides(strings.TrimSuffix(line, "\n")) {
			t.Errorf("%q", line)
		}
	}
	for _, text := range []string{"plain", "WORKER", "RULE SET", "REGEX", "could not load the rule set"} {
		if !strings.Contains(plain, text) {
			t.Errorf("%q is not there:\n%s", text, plain)
		}
	}
}

// linesOf counts lines, but for those that a worker's error has, which begin with spaces.
func linesOf(text string) (n int) {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "  ") {
			n++
		}
	}
	return n
}

func TestLongNamesDoNotWidenTables(t *testing.T) {
	for line := range strings.Lines(shown(strings.Repeat("x", 100_000))) {
		if len(line) > 20_000 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

func TestDocumentsHoldNothingHidden(t *testing.T) {
	var out bytes.Buffer
	a := &app{stdio: stdio{out: &out}}
	a.printJSON([]byte("{\"name\":\"\u009b\u202ex\x9b\"}"))
	if got := out.String(); got != `{"name":"\u009b\u202ex\ufffd"}`+"\n" {
		t.Errorf("%q", got)
	}
}

// What is no terminal gets data as it is.
func TestDataGoesToPipesAsItIs(t *testing.T) {
	var out bytes.Buffer
	a := &app{stdio: stdio{out: &out}}
	a.printData([]byte(hostile))
	if out.String() != hostile {
		t.Errorf("%q", out.String())
	}
}

func TestErrorsAreShownOnLinesOfTheirOwn(t *testing.T) {
	var out bytes.Buffer
	a := &app{stdio: stdio{err: &out}}
	answer, _ := wire.ParseAnswerHeader(wire.JSONFrame(map[string]any{"error": map[string]string{"code": hostile, "message": hostile + strings.Repeat("x", 1e6)}}))
	a.complain(errors.Join(answer.Error, problem.List{{File: hostile, Line: 3, Message: hostile}}))
	if got := out.String(); strings.Count(got, "\n") != 2 || len(got) > 3*escape.MaxLine || escape.Hides(strings.ReplaceAll(got, "\n", "")) {
		t.Errorf("%d bytes: %.300q", len(got), got)
	}
}

func TestLogLinesAreBoundedAndHideNothing(t *testing.T) {
	names := make([]string, 50_000)
	for i := range names {
		names[i] = hostile
	}
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := slog.New(newLogHandler(&out, format, slog.HandlerOptions{}))
		log.Info("m", "text", hostile, "long", strings.Repeat(hostile, 50_000), "error", errors.New(strings.Repeat(hostile, 50_000)), "names", names, "n", 7)
		if got := out.String(); strings.Count(got, "\n") != 1 || len(got) > 100_000 || escape.Hides(strings.TrimSuffix(got, "\n")) || !regexp.MustCompile(`and \d+ more`).MatchString(got) {
			t.Errorf("%s: %d bytes: %.300q", format, len(got), got)
		}
	}
}

func TestOutputTakesThePlaceOfFilesOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	write := func(text string) error {
		return replaceFile(path, func(f *os.File) error { _, err := f.WriteString(text); return err })
	}
	for _, text := range []string{"new", "again"} {
		if err := write(text); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	path = filepath.Join("/dev/fd", strconv.Itoa(int(w.Fd())))
	if _, err := os.Stat(path); err != nil {
		t.Skip("no /dev/fd here")
	}
	if err := write("into"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	var got bytes.Buffer
	if _, err := got.ReadFrom(r); err != nil || got.String() != "into" {
		t.Errorf("%q, %v", got.String(), err)
	}
}
