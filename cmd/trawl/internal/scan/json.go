package scan

// One JSON object for each match.

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"

	"trawl/edge/wire"
)

// json prints the matches of l. Matched text that is not UTF-8 comes as
// text_b64, as in a broker's answers; a file name that is not comes as file_b64 beside
// file, which has U+FFFD for its bytes then.
func (p *printer) json(l *line) {
	for i := range l.matches {
		m := &l.matches[i]
		b := append(p.out.AvailableBuffer(), `{"file":`...)
		b = wire.AppendString(b, l.file.name)
		if !utf8.ValidString(l.file.name) {
			b = append(base64.StdEncoding.AppendEncode(append(b, `,"file_b64":"`...), []byte(l.file.name)), '"')
		}
		b = appendMember(b, `,"line":`, l.number)
		b = appendMember(b, `,"column":`, l.base+m.Start+1)
		b = appendMember(b, `,"offset":`, l.at+m.Start)
		b = append(b, `,"rule":`...)
		b = wire.AppendString(b, l.rules[m.Rule])
		b = appendMember(b, `,"start":`, l.base+m.Start)
		b = appendMember(b, `,"end":`, l.base+m.End)
		b = appendText(b, l.text[m.Start:m.End])
		if len(l.extra) > 0 {
			b = append(b, l.extra[i]...)
		}
		p.out.Write(append(b, "}\n"...))
	}
}

func appendMember(b []byte, key string, n int64) []byte {
	return strconv.AppendInt(append(b, key...), n, 10)
}

func appendText(b, text []byte) []byte {
	if utf8.Valid(text) {
		return wire.AppendString(append(b, `,"text":`...), string(text))
	}
	b = append(b, `,"text_b64":"`...)
	b = base64.StdEncoding.AppendEncode(b, text)
	return append(b, '"')
}
