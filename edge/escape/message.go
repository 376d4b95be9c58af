// Messages: their arguments are shown on one line, and none of them is long.

package escape

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

const (
	// MaxArgument bounds, in bytes, what a message takes of a text in it. A name has
	// at most 255.
	MaxArgument = 300
	// MaxLine bounds a line of a message, in bytes. A path alone may have 4,096.
	MaxLine = 4 << 10

	maxError = 1000 // bytes of an error in a message
	maxList  = 20   // items of a list in a message
)

// Cut is Line of s, of which at most so many bytes are taken; what is missing is an
// ellipsis.
func Cut[T ~string | ~[]byte](s T, most int) string {
	return Line(cut(string(s[:min(len(s), most+1)]), most))
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

// Message is a text of several lines, as errors are that name all problems: each line
// is escaped and has at most MaxLine bytes.
func Message(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = Cut(line, MaxLine)
	}
	return strings.Join(lines, "\n")
}

// Sprintf is fmt.Sprintf for a message of one line: texts among the arguments are
// escaped and cut to MaxArgument bytes, errors to some more, and of a list of texts the
// first few are shown. With %q a text is cut and quoted.
func Sprintf(format string, args ...any) string {
	return fmt.Sprintf(format, Arguments(args, MaxArgument)...)
}

// Errorf is fmt.Errorf with a message as of Sprintf. %w wraps.
func Errorf(format string, args ...any) error {
	return fmt.Errorf(format, Arguments(args, MaxArgument)...)
}

// Arguments is args for a function of package fmt: texts are escaped, those over most
// bytes cut. Numbers stay as they are.
func Arguments(args []any, most int) []any {
	shown := make([]any, len(args))
	for i, a := range args {
		shown[i] = argument(a, most)
	}
	return shown
}

func argument(a any, most int) any {
	switch v := a.(type) {
	case nil, bool, int, int64, uint64, float64:
		return a
	case string:
		return text{v, most}
	case []byte:
		return text{string(v[:min(len(v), most+1)]), most}
	case error:
		return failure{v, text{v.Error(), max(most, maxError)}}
	case []string:
		return text{list(v), MaxLine}
	}
	switch v := reflect.ValueOf(a); v.Kind() {
	case reflect.String:
		return text{v.String(), most}
	case reflect.Struct, reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map, reflect.Interface:
		return text{fmt.Sprint(a), max(most, maxError)}
	}
	return a // a number, which may have a String of its own
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

// text is an argument that is printed cut and escaped, whatever the verb.
type text struct {
	s    string
	most int
}

// failure is the same of an error, which %w still wraps.
type failure struct {
	error
	text
}

func (f failure) Unwrap() error { return f.error }

func (t text) Format(f fmt.State, verb rune) {
	s := cut(t.s, t.most)
	if verb != 'q' {
		s = Line(s)
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), s)
}
