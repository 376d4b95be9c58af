package watch

// Parsing of syslog, leniently: unintelligible parts are text.

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// syslogMessage is a message of RFC 5424 or RFC 3164, or a similar message.
type syslogMessage struct {
	pri            int // facility*8 + severity; -1: there is none
	time           time.Time
	host, app, pid string
	text           []byte
}

var syslogSeverities = [...]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

// syslogFacilities are the names of RFC 5424, section 6.2.1, as syslog.conf writes them.
var syslogFacilities = [...]string{
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	"ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

// parseSyslog takes a message apart. Now is for times without a year.
func parseSyslog(data []byte, now time.Time) syslogMessage {
	data = bytes.TrimRight(data, "\r\n\x00")
	m := syslogMessage{pri: -1, text: data}
	rest, ok := m.takePRI(data)
	if !ok {
		return m
	}
	m.text = rest
	if after, ok := bytes.CutPrefix(rest, []byte("1 ")); ok && m.takeNew(after) {
		return m
	}
	m.takeOld(rest, now)
	return m
}

// takePRI reads "<PRI>".
func (m *syslogMessage) takePRI(b []byte) (rest []byte, ok bool) {
	end := bytes.IndexByte(b[:min(len(b), 5)], '>')
	if end < 2 || b[0] != '<' {
		return b, false
	}
	n, err := strconv.ParseUint(string(b[1:end]), 10, 16)
	if err != nil || n >= uint64(8*len(syslogFacilities)) {
		return b, false
	}
	m.pri = int(n)
	return b[end+1:], true
}

// takeNew reads the rest of RFC 5424 behind the version: TIME HOST APP PID MSGID DATA TEXT.
func (m *syslogMessage) takeNew(b []byte) bool {
	var fields [5]string
	for i := range fields {
		word, rest, ok := bytes.Cut(b, []byte{' '})
		if !ok || len(word) == 0 || len(word) > maxLabel {
			return false
		}
		if fields[i], b = string(word), rest; fields[i] == "-" {
			fields[i] = ""
		}
	}
	rest, ok := skipStructured(b)
	if !ok {
		return false
	}
	if t, err := time.Parse(time.RFC3339Nano, fields[0]); err == nil {
		m.time = t
	} else if fields[0] != "" {
		return false
	}
	m.host, m.app, m.pid = fields[1], fields[2], fields[3]
	m.text = bytes.TrimPrefix(rest, []byte("\xef\xbb\xbf"))
	return true
}

// skipStructured skips "-" or elements [ID NAME="VALUE" …] and the space behind.
func skipStructured(b []byte) (rest []byte, ok bool) {
	if rest, ok := bytes.CutPrefix(b, []byte{'-'}); ok {
		return bytes.TrimPrefix(rest, []byte{' '}), len(rest) == 0 || rest[0] == ' '
	}
	some := false
	for len(b) > 0 && b[0] == '[' {
		quoted, i := false, 1
		for ; i < len(b) && (quoted || b[i] != ']'); i++ {
			switch {
			case b[i] == '\\' && quoted:
				i++
			case b[i] == '"':
				quoted = !quoted
			}
		}
		if i >= len(b) {
			return nil, false
		}
		b, some = b[i+1:], true
	}
	return bytes.TrimPrefix(b, []byte{' '}), some
}

// takeOld reads the forms of RFC 3164, [TIME] [HOST] TAG[PID]: TEXT, of which
// parts may be missing.
func (m *syslogMessage) takeOld(b []byte, now time.Time) {
	rest, timed := m.takeTime(b, now)
	m.text = rest
	word, after, more := bytes.Cut(rest, []byte{' '})
	isTag := bytes.HasSuffix(word, []byte{':'}) && !isAddress(word)
	if timed && more && !isTag && len(word) > 0 && len(word) <= maxLabel {
		m.host, m.text, rest = string(word), after, after
	}
	m.takeTag(rest)
}

// isAddress: an address of IPv6 has colons, as a tag's end has.
func isAddress(host []byte) bool {
	return bytes.Count(host, []byte{':'}) >= 2 && bytes.Trim(host, "0123456789abcdefABCDEF:.%") == nil
}

// takeTag reads "TAG[PID]: " or "TAG: ".
func (m *syslogMessage) takeTag(b []byte) {
	end := bytes.IndexByte(b[:min(len(b), maxLabel)], ':')
	if end <= 0 || bytes.IndexByte(b[:end], ' ') >= 0 {
		return
	}
	tag, pid := string(b[:end]), ""
	if name, rest, ok := strings.Cut(tag, "["); ok && strings.HasSuffix(rest, "]") {
		tag, pid = name, rest[:len(rest)-1]
	}
	if tag == "" || strings.ContainsAny(tag, "[]<>%") {
		return
	}
	m.app, m.pid = tag, pid
	m.text = bytes.TrimPrefix(b[end+1:], []byte{' '})
}

// takeTime reads a time in a usual form.
func (m *syslogMessage) takeTime(b []byte, now time.Time) (rest []byte, ok bool) {
	const old, withYear = "Jan _2 15:04:05", "Jan _2 2006 15:04:05"
	for _, layout := range []string{old, withYear} {
		if len(b) <= len(layout) || b[len(layout)] != ' ' && b[len(layout)] != ':' {
			continue
		}
		t, err := time.ParseInLocation(layout, string(b[:len(layout)]), now.Location())
		if err != nil {
			continue
		}
		if layout == old {
			t = nearestYear(t, now)
		}
		m.time = t
		return bytes.TrimLeft(b[len(layout):], ": "), true
	}
	word, rest, found := bytes.Cut(b, []byte{' '})
	if t, err := time.Parse(time.RFC3339Nano, string(word[:min(len(word), 40)])); found && err == nil {
		m.time = t
		return rest, true
	}
	return b, false
}

// nearestYear gives t the year in which t is nearest to now.
func nearestYear(t, now time.Time) time.Time {
	best := t
	for i, year := range []int{now.Year(), now.Year() - 1, now.Year() + 1} {
		candidate := time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, t.Location())
		if i == 0 || candidate.Sub(now).Abs() < best.Sub(now).Abs() {
			best = candidate
		}
	}
	return best
}

// record makes a record of m, sent by peer.
func (m *syslogMessage) record(peer string) Record {
	labels := make(map[string]string, 6)
	setLabel(labels, "peer", peer)
	setLabel(labels, "host", m.host)
	setLabel(labels, "app", m.app)
	setLabel(labels, "pid", m.pid)
	if m.pri >= 0 {
		labels["facility"] = syslogFacilities[m.pri/8]
		labels["priority"] = syslogSeverities[m.pri%8]
	}
	return Record{Text: m.text, Time: m.time, Labels: labels}
}
