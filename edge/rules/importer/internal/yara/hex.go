package yara

// YARA's hex strings.

import (
	"fmt"
	"strconv"
	"strings"

	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
)

// hexItem holds the alternatives for a place of a hex string; none for unknown bytes.
type hexItem struct{ options [][]byte }

const (
	maxHexOptions = 64 // literals made of a hex string
	minHexRun     = 4  // bytes worth looking for
)

func (w *writer) hexString(s *stringDef) {
	items, err := parseHexString(s.value.text)
	if err != nil {
		w.leftOut("finds less: hex strings that cannot be read are left out", s.name+": "+err.Error())
		return
	}
	if list, ok := expandHex(items); ok {
		w.AddLiterals(s.name[1:], false, list...)
		return
	}
	if src, ok := hexRegex(s.value.text); ok {
		if t, err := re2.Perl(src, re2.YARA, re2.Flags{DotAll: true}); err == nil {
			w.AddTranslation(s.name[1:], t, false)
			return
		}
	}
	run := longestRun(items)
	if len(run) < minHexRun {
		w.leftOut(whyNoRun, s.name)
		return
	}
	w.TakeInPart(whyWildcards, s.name)
	w.AddLiterals(s.name[1:], false, run)
}

// expandHex returns all byte strings for items. It returns false for more than maxHexOptions, and
// for unknown bytes.
func expandHex(items []hexItem) ([][]byte, bool) {
	list := [][]byte{nil}
	for _, item := range items {
		if len(item.options) == 0 || len(list)*len(item.options) > maxHexOptions {
			return nil, false
		}
		var next [][]byte
		for _, head := range list {
			for _, o := range item.options {
				next = append(next, append(head[:len(head):len(head)], o...))
			}
		}
		list = next
	}
	return list, true
}

// hexRegex returns the hex string s as a regex in YARA's syntax. It returns false if an alternative
// for a byte includes bytes both below and above \x7f.
func hexRegex(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '(' || c == ')' || c == '|':
			b.WriteByte(c)
			i++
			continue
		case c == '[':
			end := strings.IndexByte(s[i:], ']')
			if end < 0 {
				return "", false
			}
			b.WriteString("." + hexJump(s[i+1:i+end]))
			i += end + 1
			continue
		}
		negated := c == '~'
		if negated {
			i++
		}
		if i+2 > len(s) {
			return "", false
		}
		high, low := s[i], s[i+1]
		i += 2
		switch {
		case high == '?' && low == '?' && !negated:
			b.WriteByte('.')
		case high == '?':
			return "", false
		case low == '?' && negated:
			fmt.Fprintf(&b, `[^\x%c0-\x%cf]`, high, high)
		case low == '?':
			fmt.Fprintf(&b, `[\x%c0-\x%cf]`, high, high)
		case negated:
			fmt.Fprintf(&b, `[^\x%c%c]`, high, low)
		default:
			fmt.Fprintf(&b, `\x%c%c`, high, low)
		}
	}
	return b.String(), true
}

// hexJump returns [n-m] as a count.
func hexJump(jump string) string {
	from, to, isRange := strings.Cut(strings.Join(strings.Fields(jump), ""), "-")
	if !isRange {
		return "{" + from + "}"
	}
	if from == "" {
		from = "0"
	}
	return "{" + from + "," + to + "}"
}

func longestRun(items []hexItem) []byte {
	var best, run []byte
	for _, item := range items {
		if len(item.options) != 1 {
			run = nil
			continue
		}
		run = append(run[:len(run):len(run)], item.options[0]...)
		if len(run) > len(best) {
			best = run
		}
	}
	return best
}

// parseHexString reads bytes, ? for unknown digits, ~ for any other byte, [n-m] for gaps and (a|b)
// for alternatives.
func parseHexString(s string) ([]hexItem, error) {
	var items []hexItem
	for i := 0; i < len(s); {
		switch s[i] {
		case '[':
			end := strings.IndexByte(s[i:], ']')
			if end < 0 {
				return nil, fmt.Errorf("a [ without its ]")
			}
			items = append(items, hexItem{})
			i += end + 1
		case '(':
			item, n, err := hexAlternatives(s[i:])
			if err != nil {
				return nil, err
			}
			items = append(items, item)
			i += n
		case '~':
			items = append(items, hexItem{})
			i += 3
		default:
			if i+2 > len(s) {
				return nil, fmt.Errorf("half a byte at the end")
			}
			item, err := hexDigits(s[i : i+2])
			if err != nil {
				return nil, err
			}
			items = append(items, item)
			i += 2
		}
	}
	if len(items) == 0 {
		return nil, fmt.Errorf("it is empty")
	}
	return items, nil
}

// hexDigits returns the alternatives for a byte with unknown digits.
func hexDigits(s string) (hexItem, error) {
	var item hexItem
	if s == "??" {
		return item, nil
	}
	wild := strings.IndexByte(s, '?')
	for digit := range 16 {
		d := s
		if wild >= 0 {
			d = s[:wild] + strconv.FormatInt(int64(digit), 16) + s[wild+1:]
		} else if digit > 0 {
			break
		}
		b, err := job.HexBytes(d)
		if err != nil {
			return item, err
		}
		item.options = append(item.options, b)
	}
	return item, nil
}

// hexAlternatives reads (a|b) and returns its length n. Alternatives that nest, or are too many,
// become unknown bytes.
func hexAlternatives(s string) (item hexItem, n int, err error) {
	depth, from := 0, 1
	open := false
	for i := range len(s) {
		switch s[i] {
		case '(':
			if depth++; depth > 1 {
				open = true
			}
		case '|', ')':
			if depth == 1 && !open {
				list, err := parseHexString(s[from:i])
				if err != nil {
					return item, 0, err
				}
				options, ok := expandHex(list)
				item.options = append(item.options, options...)
				open = open || !ok
				from = i + 1
			}
			if s[i] == ')' {
				depth--
			}
			if depth == 0 {
				if open {
					item.options = nil
				}
				return item, i + 1, nil
			}
		}
	}
	return item, 0, fmt.Errorf("a ( without its )")
}
