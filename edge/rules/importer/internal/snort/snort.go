package snort

// Rules of Snort and Suricata: options, and the contents they describe.

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"trawl/edge/ondemand"
	"trawl/edge/rules"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
)

const (
	whyNegated     = "finds more: what must not be there (!) is not checked"
	whyOnlyNegated = "only says what must not be there (!)"
	whyBuffer      = "finds other: a buffer (URI, header, …) is looked for in the whole text as it is"
	whyDecoded     = "finds more: buffers of decoded data (base64_data, ja3.hash, dns.query, …), which the packet has in another form, are not checked"
	whyOnlyDecoded = "only looks at decoded data (base64_data, ja3.hash, dns.query, …), which the packet has in another form"
	whyTransformed = "finds other: buffers are not transformed (to_lowercase, …) before"
	whyOther       = "finds more: options that are not about the text are not checked"
	whyPlaces      = "finds more: places (offset, depth, distance, within, ^, $) are not checked"
	whyOneOf       = "finds more: of several contents that must all be there one is looked for"
	whyMissing     = "finds other: a ; is missing, so that Snort refuses the rule; it is read as if the ; were there"
	whyBehind      = "text behind the closing quote of a content or pcre"
	whyNoContent   = "nothing about the content of a packet"
	whyNotRule     = "not a rule in Snort's syntax"
	whyBadContent  = "content that cannot be read"
	notePacket     = "header and flow say which packets; that is for whoever sends the texts"
	noteLimits     = "thresholds are not counted: every match is reported"
)

// ignoredOptions have no effect on the packets that match.
var ignoredOptions = ondemand.Words{List: `msg sid gid rev classtype priority reference metadata flow fast_pattern fast_pattern_offset fast_pattern_length target tag logto session
	service soid activates activated_by count rem
	default_proto default_src_port default_dst_port parse_src_ip parse_dst_ip parse_port parse_proto parse_proto_program parse_hash normalize fwsam dynamic_load`}

// limitOptions limit the rate of alerts.
var limitOptions = ondemand.Words{List: "threshold detection_filter after noalert"}

// moveOptions move the start of the next relative content.
var moveOptions = ondemand.Words{List: "byte_jump byte_extract byte_math ber_data ber_skip asn1 base64_decode cvs"}

var Kind = job.Kind{
	Name: "snort", What: "Snort and Suricata rules", Extensions: ".rules",
	Open: func() job.Reader { return job.Stateless(read) }, ASCIICase: true, WhyNotRule: whyNotRule,
}

// read reads a rule file. A rule of Snort 3 may span lines up to a `)`.
func read(j *job.Job, in *job.Input) {
	name := job.ShortPath(in.Path, 1)
	open, first := "", 0
	flush := func() {
		if open != "" {
			takeRule(j, in.Path, name, first, open)
		}
		open = ""
	}
	j.LogicalLines(in, " ", func(number int, line string) {
		line = strings.TrimSpace(line)
		begins := actionStart.Get().MatchString(line + " ")
		if begins || configStart.Get().MatchString(line) || len(open)+len(line) > rules.MaxLine {
			flush()
		}
		switch {
		case line == "":
			j.PassedOver.Add("blank lines")
		case line[0] == '#' && actionStart.Get().MatchString(strings.TrimLeft(line, "# \t")) && strings.Contains(line, "("):
			j.PassedOver.Add("rules that are commented out")
		case line[0] == '#':
			j.PassedOver.Add("comments")
		case configStart.Get().MatchString(line):
			j.PassedOver.Add("configuration")
		case begins:
			open, first = line, number
		case open != "":
			open += " " + line
		default:
			takeRule(j, in.Path, name, number, line)
		}
		if strings.Contains(open, "(") && strings.HasSuffix(open, ")") {
			flush()
		}
	})
	flush()
}

func takeRule(j *job.Job, path, name string, number int, line string) {
	r, err := parseRule(line)
	if err == nil && !actionStart.Get().MatchString(line) {
		err = fmt.Errorf("it begins with %.20q", line)
	}
	if err != nil {
		e := j.Begin(path, number, "", fmt.Sprintf("%s:%d", name, number))
		e.Skip(whyNotRule, err.Error())
		e.End()
		return
	}
	sid := r.first("sid")
	id := "sid-" + job.IDFrom(sid)
	if sid == "" {
		id = job.IDFrom(fmt.Sprintf("%s:%d", name, number))
	}
	e := j.Begin(path, number, sid, id)
	takeMeta(e, r)
	if len(r.missing) > 0 {
		e.TakeInPart(whyMissing, "before "+strings.Join(r.missing, ", before "))
	}
	s := reader{Entry: e}
	s.read(r)
	e.End()
}

// reader collects the contents of a rule.
type reader struct {
	*job.Entry
	contents []*content
	last     *content // the content that modifiers belong to
	failed   bool
	without  *re2.Refused // why a pcre was left out
	negated  bool         // a content is negated
	decoded  bool         // a content is in decoded data, which the packet has in another form

	snort3     bool            // modifiers follow the text within the content option
	sticky     string          // the buffer of the following contents
	transforms map[string]bool // transformations of the buffer sticky
	moved      bool            // relative positions do not start at the end of the previous content
}

func (s *reader) read(r *rule) {
	for _, o := range r.options {
		if o.name == "content" {
			_, _, modifiers, _ := splitQuoted(o.value)
			s.snort3 = s.snort3 || modifiers != ""
		}
	}
	for _, o := range r.options {
		s.option(o)
		if s.failed {
			return
		}
	}
	s.contents = s.inText(s.contents)
	switch {
	case len(s.contents) > 0:
	case s.without != nil:
		s.Skip(s.without.Text, s.without.Detail)
		return
	case s.decoded:
		s.Skip(whyOnlyDecoded, "")
		return
	case s.negated:
		s.Skip(whyOnlyNegated, "")
		return
	default:
		s.Skip(whyNoContent, "")
		return
	}
	s.Remark(notePacket)
	matchContents(s.Entry, s.contents)
}

// inText returns the contents of list that can be looked for in the packet, without positions that
// are not positions in the packet.
func (s *reader) inText(list []*content) []*content {
	var kept []*content
	var before *content // the previous content in the rule, also if left out
	for _, c := range list {
		baseUnknown := c.baseUnknown || before != nil && (before.buffer != c.buffer || len(kept) == 0 || kept[len(kept)-1] != before)
		before = c
		if !s.found(c) {
			s.decoded = true
			continue
		}
		switch {
		case c.buffer != "":
			if c.relax(!baseUnknown && !c.variable) {
				s.TakeInPart(whyPlaces, "of a buffer")
			}
		case c.variable, c.relative && baseUnknown:
			if c.relax(false) {
				s.TakeInPart(whyPlaces, "behind something else, or of a number in the packet")
			}
		}
		kept = append(kept, c)
	}
	return kept
}

func (s *reader) option(o ruleOption) {
	switch o.name {
	case "content", "uricontent":
		s.content(o)
	case "pcre":
		s.pcre(o)
	case "nocase", "offset", "depth", "distance", "within", "startswith", "endswith":
		s.modify(o.name, o.value)
	case "fast_pattern":
		if o.value == "only" && s.last != nil {
			s.last.nocase = true // Snort uses its search for all rules, which ignores case
		}
	case "flowbits", "xbits", "flowint":
		if strings.HasPrefix(o.value, "isset") || strings.HasPrefix(o.value, "isnotset") || o.name == "flowint" {
			s.TakeInPart(whyOther, o.name)
		}
	default:
		switch {
		case ignoredOptions.Has(o.name):
		case transformNames.Has(o.name):
			s.transform(o.name)
		case limitOptions.Has(o.name):
			s.Remark(noteLimits)
		case isBuffer(o.name, o.value):
			s.buffer(o.name)
		default:
			s.moved = s.moved || moveOptions.Has(o.name)
			s.TakeInPart(whyOther, o.name)
		}
	}
}

// next makes c the content for the following modifiers.
func (s *reader) next(c *content) {
	c.buffer, c.baseUnknown = s.sticky, s.moved
	for name := range s.transforms {
		c.otherCase = c.otherCase || caseTransforms.Has(name)
		c.otherText = c.otherText || textTransforms.Has(name)
	}
	s.last = c
}

func (s *reader) content(o ruleOption) {
	text, negated, modifiers, err := splitQuoted(o.value)
	if s.behind(o) {
		return
	}
	var b []byte
	if err == nil {
		b, err = job.MixedBytes(text)
	}
	if err != nil {
		s.fail(whyBadContent, err.Error())
		return
	}
	if s.transforms["dotprefix"] {
		b = bytes.TrimPrefix(b, []byte(".")) // the dot before the first label
	}
	s.next(&content{text: b})
	if o.name == "uricontent" {
		s.into(o.name)
	}
	for _, m := range strings.Split(modifiers, ",") { // Snort 3
		name, value, _ := strings.Cut(strings.TrimSpace(m), " ")
		switch {
		case name == "":
		case oldStyleBuffers.Has(name):
			s.into(name)
		case ignoredOptions.Has(name) || name == "rawbytes":
			s.option(ruleOption{name: name})
		default:
			s.modify(name, strings.TrimSpace(value))
		}
	}
	switch {
	case negated:
		s.negated = true
		s.TakeInPart(whyNegated, string(b)) // modifiers of s.last have no effect
	case len(b) == 0: // only a dot
	default:
		s.keep(s.last)
	}
}

// keep adds a required content.
func (s *reader) keep(c *content) {
	s.contents = append(s.contents, c)
	s.moved = false
}

// behind fails if text follows a quoted value without a comma.
func (s *reader) behind(o ruleOption) bool {
	at := textBehind.Get().FindStringIndex(o.value)
	if at != nil {
		s.fail(whyBehind, o.value[at[1]-1:])
	}
	return at != nil
}

var textBehind = ondemand.Regexp{Expr: `^!?\s*"(?:[^"\\]|\\.)*"\s*[^\s,]`}

func (s *reader) fail(text, detail string) {
	s.failed = true
	s.Skip(text, detail)
}

// modify takes a modifier of the last content.
func (s *reader) modify(name, value string) {
	if s.last == nil {
		s.TakeInPart(whyOther, name)
		return
	}
	c := s.last
	switch name {
	case "nocase":
		c.nocase = true
		return
	case "startswith":
		c.offset, c.depth, c.absolute, c.hasDepth = 0, len(c.text), true, true
		return
	case "endswith":
		c.atEnd = true
		return
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		c.variable = true // a variable
		s.TakeInPart(whyPlaces, name+" "+value)
		return
	}
	switch name {
	case "offset":
		c.offset, c.absolute = n, true
	case "depth":
		c.depth, c.absolute, c.hasDepth = n, true, true
	case "distance":
		c.distance, c.relative = n, true
	case "within":
		c.within, c.relative, c.hasWithin = n, true, true
	default:
		s.TakeInPart(whyOther, name)
	}
}

// pcre reads "/regex/flags".
func (s *reader) pcre(o ruleOption) {
	text, negated, _, err := splitQuoted(o.value)
	if s.behind(o) {
		return
	}
	text = unescapePCRE(text)
	end := strings.LastIndexByte(text, '/')
	if m, ok := strings.CutPrefix(text, "m"); ok && len(m) > 1 && m[0] != '/' {
		end = strings.LastIndexByte(text, m[0])
		text, end = text[1:], end-1
	}
	if err != nil || end < 1 {
		s.fail(re2.WhySyntax, "pcre must be /regex/flags")
		return
	}
	c := &content{regex: true}
	s.next(c)
	if negated {
		s.negated = true
		s.TakeInPart(whyNegated, "pcre")
		return
	}
	flags := s.pcreFlags(text[end+1:], c)
	flags.Anywhere = c.buffer != "" || c.baseUnknown && c.relative
	t, err := re2.Perl(text[1:end], re2.PCRE, flags)
	if err != nil {
		s.refuse(err)
		return
	}
	c.translation = t
	s.keep(c)
}

// unescapePCRE removes the backslashes required by the syntax of rules only.
func unescapePCRE(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			if i++; s[i] != ';' && s[i] != '"' {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// refuse notes a pcre that cannot be translated. The contents remain.
func (s *reader) refuse(err error) {
	if r, ok := err.(*re2.Refused); ok {
		s.without = r
		s.TakeInPart("finds more: the pcre is not checked, "+r.Text, r.Detail)
	}
	s.moved = true
}

func (s *reader) pcreFlags(list string, c *content) re2.Flags {
	var f re2.Flags
	for _, flag := range list {
		switch flag {
		case 'i':
			f.IgnoreCase = true
		case 's':
			f.DotAll = true
		case 'm':
			f.MultiLine = true
		case 'x':
			f.Extended = true
		case 'G':
			f.Ungreedy = true
		case 'A':
			c.begins = true
		case 'R':
			c.relative = true
		case 'E':
			f.EndOnly = true
		case 'B':
			s.into("")
		case 'O':
		default:
			if buffer, ok := pcreBuffers.Get()[flag]; ok {
				s.into(buffer)
				continue
			}
			s.TakeInPart(whyOther, "pcre flag "+string(flag))
		}
	}
	return f
}
