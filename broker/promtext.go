package broker

// The text format of Prometheus.

import (
	"math"
	"strconv"
	"strings"
)

// The text format of Prometheus, version 0.0.4: the part that writes it. It is
// a page of code, since what it writes is a snapshot; a library would bring
// registries and counters of its own (docs/decisions.md has their weight).

// metric describes one family of series.
type metric struct {
	name   string
	kind   string // counter, gauge or histogram
	help   string
	labels []string
}

// promText is the document in the making.
type promText struct {
	b    []byte
	head *metric // whose samples are being written; each family comes in one piece
}

// value writes a sample; labels are the values of m's labels.
func (e *promText) value(m *metric, v float64, labels ...string) {
	e.family(m)
	e.sample(m.name, m.labels, labels, "", v)
}

func (e *promText) count(m *metric, n int64, labels ...string) { e.value(m, float64(n), labels...) }

func (e *promText) flag(m *metric, set bool, labels ...string) {
	v := 0.0
	if set {
		v = 1
	}
	e.value(m, v, labels...)
}

// histogram writes the buckets that end where a doubling does, from
// exposedFirst to exposedLast, the sum and the count.
func (e *promText) histogram(m *metric, h *histogram, labels ...string) {
	e.family(m)
	names := append(m.labels[:len(m.labels):len(m.labels)], "le")
	n := uint64(0)
	for i, c := range h.counts {
		n += c
		if end := bucketEnd(i); i%4 == 0 && end >= exposedFirst && end <= exposedLast {
			e.sample(m.name, names, append(labels, number(end.Seconds())), "_bucket", float64(n))
		}
	}
	e.sample(m.name, names, append(labels, "+Inf"), "_bucket", float64(h.total))
	e.sample(m.name, m.labels, labels, "_sum", h.sum.Seconds())
	e.sample(m.name, m.labels, labels, "_count", float64(h.total))
}

func (e *promText) family(m *metric) {
	if e.head == m {
		return
	}
	e.head = m
	e.b = append(e.b, "# HELP "+m.name+" "+escapeHelp.Replace(m.help)+"\n# TYPE "+m.name+" "+m.kind+"\n"...)
}

func (e *promText) sample(name string, labels, values []string, suffix string, v float64) {
	e.b = append(append(e.b, name...), suffix...)
	for i, label := range labels {
		separator := ","
		if i == 0 {
			separator = "{"
		}
		e.b = append(e.b, separator+label+`="`+escapeLabel.Replace(clipLabel(values[i]))+`"`...)
	}
	if len(labels) > 0 {
		e.b = append(e.b, '}')
	}
	e.b = append(append(append(e.b, ' '), number(v)...), '\n')
}

var (
	escapeLabel = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
	escapeHelp  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
)

// maxLabel is the most bytes of a label's value, more than a name may have:
// cut, two could become one.
const maxLabel = 256

func clipLabel(s string) string {
	if len(s) > maxLabel {
		s = s[:maxLabel]
	}
	return strings.ToValidUTF8(s, "�")
}

func number(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
