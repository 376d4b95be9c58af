// Snort's and Suricata's rule files: lines, headers and options.

package importer

import (
	"fmt"
	"regexp"
	"strings"
)

// snortOption is `name:value;` or `name;`.
type snortOption struct{ name, value string }

// snortRule is a rule as it is written.
type snortRule struct {
	header  string
	options []snortOption
}

// first is the value of the first option with that name.
func (r *snortRule) first(name string) string {
	for _, o := range r.options {
		if o.name == name {
			return o.value
		}
	}
	return ""
}

var (
	snortAction = regexp.MustCompile(`^(?:alert|log|pass|drop|reject|sdrop|block|react|rewrite|rejectsrc|rejectdst|rejectboth|activate|dynamic)\s`)
	snortConfig = regexp.MustCompile(`^(?:include|var|ipvar|portvar|config|preprocessor|output|event_filter|threshold|suppress|rate_filter|dynamicpreprocessor|ruletype)\b`)
)

// parseSnort takes a rule apart; the error says what is wrong with it.
func parseSnort(line string) (*snortRule, error) {
	header, body, ok := strings.Cut(line, "(")
	if !ok {
		return nil, fmt.Errorf("no ( with options")
	}
	r := &snortRule{header: strings.Join(strings.Fields(header), " ")}
	for {
		body = strings.TrimLeft(body, " \t;")
		if body == "" {
			return nil, fmt.Errorf("no ) at the end")
		}
		if strings.HasPrefix(body, ")") {
			return r, nil
		}
		end := optionEnd(body)
		if end < 0 {
			return nil, fmt.Errorf("an option without ; at its end: %.40q", body)
		}
		name, value, _ := strings.Cut(body[:end], ":")
		r.options = append(r.options, snortOption{strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)})
		body = body[end+1:]
	}
}

// optionEnd is where the `;` is that ends the option s begins with: not in quotes
// and without a backslash; -1 if there is none.
func optionEnd(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case ';':
			if !quoted {
				return i
			}
		}
	}
	return -1
}

// snortText is an option's value without quotes and backslashes.
func snortText(s string) string {
	s = strings.TrimPrefix(strings.TrimSuffix(s, `"`), `"`)
	return snortEscapes.Replace(s)
}

var snortEscapes = strings.NewReplacer(`\;`, `;`, `\"`, `"`, `\:`, `:`, `\\`, `\`)

// snortBytes reads the value of content: text with |hex| parts.
func snortBytes(s string) ([]byte, error) {
	var out []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			out = append(out, s[i])
		case c == '|':
			end := strings.IndexByte(s[i+1:], '|')
			if end < 0 {
				return nil, fmt.Errorf("a | without its end")
			}
			b, err := hexBytes(s[i+1 : i+1+end])
			if err != nil {
				return nil, err
			}
			out = append(out, b...)
			i += end + 1
		default:
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("empty content")
	}
	return out, nil
}

// splitQuoted splits a value such as `!"text",nocase,depth 3` into negation,
// text and what follows; Snort 2 has nothing there.
func splitQuoted(s string) (text string, negated bool, rest string, err error) {
	if after, ok := strings.CutPrefix(s, "!"); ok {
		negated, s = true, strings.TrimLeft(after, " \t")
	}
	if !strings.HasPrefix(s, `"`) {
		return s, negated, "", nil // Sagan and old rules have some without quotes
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[1:i], negated, strings.TrimLeft(s[i+1:], " \t,"), nil
		}
	}
	return "", false, "", fmt.Errorf("a \" without its end")
}
