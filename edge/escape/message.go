package escape

// Messages: arguments are shown on one line, and long ones are shortened.

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

const (
	// MaxArgument bounds the bytes of an argument in a message. A name has at most 255.
	MaxArgument = 300
	// MaxLine bounds a line of a message, in bytes. A path alone may have 4,096.
	MaxLine = 4 << 10

	maxError = 1000 // bytes of an error in a message
	maxList  = 20   // items of a list in a message
)

// Cut returns the first limit bytes of s as Line does, with an ellipsis if s is longer.
func Cut[T ~string | ~[]byte](s T, limit int) string {
	return Line(Shorten(string(s[:min(len(s), limit+1)]), limit))
}

// Shorten returns s, or the first limit bytes of s and an ellipsis. A character is never split.
// Nothing is escaped.
func Shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}

// Message returns a text of several lines, such as an error that names all problems: each line is
// escaped and has at most MaxLine bytes.
func Message(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = Cut(line, MaxLine)
	}
	return strings.Join(lines, "\n")
}

// Sprintf is fmt.Sprintf for a message of one line: texts among the arguments are escaped and cut
// to MaxArgument bytes, errors to somewhat more, and of a list of texts the first ones are shown.
// With %q a text is cut and quoted.
func Sprintf(format string, args ...any) string {
	return fmt.Sprintf(format, Arguments(args, MaxArgument)...)
}

// Errorf is fmt.Errorf with the arguments of [Sprintf]. %w wraps.
func Errorf(format string, args ...any) error {
	return fmt.Errorf(format, Arguments(args, MaxArgument)...)
}

// Arguments returns args for a function of package fmt: texts are escaped and cut to limit bytes.
// Numbers stay unchanged.
func Arguments(args []any, limit int) []any {
	shown := make([]any, len(args))
	for i, a := range args {
		shown[i] = argument(a, limit)
	}
	return shown
}

func argument(a any, limit int) any {
	switch v := a.(type) {
	case nil, bool, int, int64, uint64, float64:
		return a
	case string:
		return text{v, limit}
	case []byte:
		return text{string(v[:min(len(v), limit+1)]), limit}
	case error:
		return failure{v, text{v.Error(), max(limit, maxError)}}
	case []string:
		return text{list(v), MaxLine}
	}
	switch v := reflect.ValueOf(a); v.Kind() {
	case reflect.String:
		return text{v.String(), limit}
	case reflect.Struct, reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map, reflect.Interface:
		return text{fmt.Sprint(a), max(limit, maxError)}
	}
	return a // a number, perhaps with a String method
}

// list is the beginning of a list, and how much more there is.
func list(items []string) string {
	var b strings.Builder
	for i, item := range items {
		if i == maxList || b.Len() > maxError/2 {
			return fmt.Sprintf("[%s] and %d more", b.String(), len(items)-i)
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(Cut(item, MaxArgument))
	}
	return "[" + b.String() + "]"
}

// text is an argument that is cut and escaped when it is printed, whatever the verb.
type text struct {
	s     string
	limit int
}

// failure is a text made of an error, which %w still wraps.
type failure struct {
	error
	text
}

func (f failure) Unwrap() error { return f.error }

func (t text) Format(f fmt.State, verb rune) {
	s := Shorten(t.s, t.limit)
	if verb != 'q' {
		s = Line(s)
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), s)
}
