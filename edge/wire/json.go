package wire

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"

	"trawl/edge/escape"
)

// object appends the members of a JSON object to dst; the braces are the
// caller's. It exists because answers are written for every request, without
// reflection and without an intermediate value.
type object struct {
	dst  []byte
	some bool
}

func (o *object) key(k string) {
	if o.some {
		o.dst = append(o.dst, ',')
	}
	o.some = true
	o.dst = append(o.dst, '"')
	o.dst = append(o.dst, k...)
	o.dst = append(o.dst, '"', ':')
}

func (o *object) string(k, v string) {
	o.key(k)
	o.dst = AppendString(o.dst, v)
}

func (o *object) int(k string, v int64) {
	o.key(k)
	o.dst = strconv.AppendInt(o.dst, v, 10)
}

func (o *object) bool(k string, v bool) {
	o.key(k)
	o.dst = strconv.AppendBool(o.dst, v)
}

func (o *object) raw(k string, json []byte) {
	o.key(k)
	o.dst = append(o.dst, json...)
}

func (o *object) strings(k string, v []string) {
	o.key(k)
	o.dst = append(o.dst, '[')
	for i, s := range v {
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		o.dst = AppendString(o.dst, s)
	}
	o.dst = append(o.dst, ']')
}

// text appends matched text: as a string where it is UTF-8, else as base64
// under k_b64, so that an answer is always valid UTF-8 and loses nothing.
func (o *object) text(k string, v []byte) {
	if utf8.Valid(v) {
		o.key(k)
		o.dst = AppendString(o.dst, string(v))
		return
	}
	o.key(k + "_b64")
	o.dst = append(o.dst, '"')
	o.dst = base64.StdEncoding.AppendEncode(o.dst, v)
	o.dst = append(o.dst, '"')
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
