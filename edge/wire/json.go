package wire

// JSON, written without reflection.

import (
	"strconv"
	"unicode/utf8"

	"trawl/edge/escape"
)

// Object writes a JSON object to the end of Dst, member by member. Headers and results of all
// requests are written this way, without reflection and without a value in between.
type Object struct {
	Dst  []byte
	some bool // has a member
}

// BeginObject begins an object at the end of dst.
func BeginObject(dst []byte) Object { return Object{Dst: append(dst, '{')} }

// ResumeObject goes on with the object at the end of dst, which must have a member.
func ResumeObject(dst []byte) Object { return Object{Dst: dst, some: true} }

// End ends the object and returns Dst.
func (o *Object) End() []byte { return append(o.Dst, '}') }

// Key appends a key. The caller appends the value to Dst.
func (o *Object) Key(k string) {
	if o.some {
		o.Dst = append(o.Dst, ',')
	}
	o.some = true
	o.Dst = append(o.Dst, '"')
	o.Dst = append(o.Dst, k...)
	o.Dst = append(o.Dst, '"', ':')
}

// String appends a member with a string.
func (o *Object) String(k, v string) {
	o.Key(k)
	o.Dst = AppendString(o.Dst, v)
}

// Int appends a member with a number.
func (o *Object) Int(k string, v int64) {
	o.Key(k)
	o.Dst = strconv.AppendInt(o.Dst, v, 10)
}

// Bool appends a member with a boolean.
func (o *Object) Bool(k string, v bool) {
	o.Key(k)
	o.Dst = strconv.AppendBool(o.Dst, v)
}

// Raw appends a member with a value in JSON.
func (o *Object) Raw(k string, json []byte) {
	o.Key(k)
	o.Dst = append(o.Dst, json...)
}

// Strings appends a member with a list of strings.
func (o *Object) Strings(k string, v []string) {
	o.Key(k)
	o.Dst = appendStrings(o.Dst, v)
}

func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, s)
	}
	return append(dst, ']')
}

// AppendString appends s as a JSON string (RFC 8259, section 7), with escapes for
// all hidden characters (see [escape.Hidden]): whoever prints it to a terminal shall
// see it. Bytes that are not UTF-8 become U+FFFD.
func AppendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < 0x7f {
			i++
			continue
		}
		r, n := rune(c), 1
		if c >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
			if (r != utf8.RuneError || n != 1) && !escape.Hidden(r) {
				i += n
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case r == utf8.RuneError:
			dst = append(dst, "\ufffd"...)
		default:
			dst = escape.AppendJSONRune(dst, r)
		}
		i += n
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
