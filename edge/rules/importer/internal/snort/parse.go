package snort

// Rule files of Snort and Suricata: the header and options of a rule.

import (
	"fmt"
	"strings"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/job"
)

// ruleOption is `name:value;` or `name;`.
type ruleOption struct{ name, value string }

// rule is a rule as written.
type rule struct {
	header  string
	options []ruleOption
	missing []string // the text behind each missing `;`
}

// first returns the value of the first option with the name.
func (r *rule) first(name string) string {
	for _, o := range r.options {
		if o.name == name {
			return o.value
		}
	}
	return ""
}

var (
	actionStart = ondemand.Regexp{Expr: `^(?:alert|log|pass|drop|reject|sdrop|block|react|rewrite|rejectsrc|rejectdst|rejectboth|activate|dynamic)\s`}
	configStart = ondemand.Regexp{Expr: `^(?:include|var|ipvar|portvar|config|preprocessor|output|event_filter|threshold|suppress|rate_filter|dynamicpreprocessor|ruletype)\b`}
)

// parseRule splits a rule into header and options. The error says why the line is not a rule.
func parseRule(line string) (*rule, error) {
	header, body, ok := strings.Cut(line, "(")
	if !ok {
		return nil, fmt.Errorf("no ( with options")
	}
	r := &rule{header: strings.Join(strings.Fields(header), " ")}
	for {
		body = strings.TrimLeft(body, " \t;")
		if body == "" {
			return nil, fmt.Errorf("no ) at the end")
		}
		if strings.HasPrefix(body, ")") {
			return r, nil
		}
		end, quoted := optionEnd(body)
		last := strings.TrimRight(body, " \t")
		switch {
		case end >= 0:
		case quoted:
			return nil, fmt.Errorf("a \" without its end: %.40q", body)
		case strings.HasSuffix(last, ")"):
			end = len(last) - 1
			r.missing = append(r.missing, ")")
			body = body[:end] + ";" + body[end:]
		default:
			return nil, fmt.Errorf("no ; and no ) at the end: %.40q", body)
		}
		if next := swallowed(body[:end]); next > 0 {
			r.missing = append(r.missing, job.OneLine(body[next:min(end, next+40)]))
			body, end = body[:next]+";"+body[next:], next
		}
		name, value, _ := strings.Cut(body[:end], ":")
		r.options = append(r.options, ruleOption{strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)})
		body = body[end+1:]
	}
}

// optionEnd returns the index of the `;` that ends the first option of s, outside of quotes and
// without a backslash. Without such a `;` it returns -1 and whether a quote is open.
func optionEnd(s string) (end int, quoted bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case ';':
			if !quoted {
				return i, false
			}
		}
	}
	return -1, quoted
}

// optionStart finds the name of an option.
var optionStart = ondemand.Regexp{Expr: `(^|[\s"])([a-z][a-z0-9_.]+)\s*(?::|$|\s)`}

// swallowed returns the index of a second option in option, behind a missing `;`, or 0. Text in
// quotes and words of messages are not options.
func swallowed(option string) int {
	name, value, _ := strings.Cut(option, ":")
	from := len(name) + 1
	if words := strings.Fields(name); len(words) > 1 && likelyOptions.Has(words[0]) {
		return nextOption(option, strings.Index(option, words[0])+len(words[0]))
	}
	value = strings.TrimLeft(value, " \t!")
	switch strings.TrimSpace(name) {
	case "reference", "metadata", "threshold", "detection_filter":
		return 0
	}
	if !strings.HasPrefix(value, `"`) {
		return nextOption(option, min(from, len(option)))
	}
	from = len(option) - len(value)
	for i := 1; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case '"':
			return nextOption(option, from+i)
		}
	}
	return 0
}

// nextOption returns the index of the first known option in s at from or behind, or 0.
func nextOption(s string, from int) int {
	for from < len(s) {
		m := optionStart.Get().FindStringSubmatchIndex(s[from:])
		if m == nil || strings.Contains(s[from:from+m[4]], ",") { // modifiers of Snort 3
			return 0
		}
		name, value := s[from+m[4]:from+m[5]], s[from+m[5]:]
		if likelyOptions.Has(name) && (strings.HasPrefix(strings.TrimSpace(value), ":") || strings.TrimSpace(value) == "" || name == "nocase") {
			return from + m[4]
		}
		from += m[5]
	}
	return 0
}

// likelyOptions are the options that are likely behind a missing `;`.
var likelyOptions = ondemand.Words{List: `content uricontent pcre nocase offset depth distance within startswith endswith rawbytes fast_pattern isdataat byte_test byte_jump
	byte_extract flowbits xbits dsize sid gid rev msg classtype priority reference metadata flow threshold detection_filter tag program default_proto
	default_dst_port default_src_port parse_src_ip parse_dst_ip parse_port parse_proto parse_proto_program parse_hash normalize after email
	http_uri http_header http_cookie http_method http_client_body file_data pkt_data`}

// unquote returns the value of an option without quotes and backslashes.
func unquote(s string) string {
	s = strings.TrimPrefix(strings.TrimSuffix(s, `"`), `"`)
	return escapes.Get().Replace(s)
}

var escapes = ondemand.Value[*strings.Replacer]{Make: func() *strings.Replacer {
	return strings.NewReplacer(`\;`, `;`, `\"`, `"`, `\:`, `:`, `\\`, `\`)
}}

// splitQuoted splits a value such as `!"text",nocase,depth 3` into negation, text and the modifiers
// of Snort 3.
func splitQuoted(s string) (text string, negated bool, rest string, err error) {
	if after, ok := strings.CutPrefix(s, "!"); ok {
		negated, s = true, strings.TrimLeft(after, " \t")
	}
	if !strings.HasPrefix(s, `"`) {
		return s, negated, "", nil // as in rules of Sagan and in old rules
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
