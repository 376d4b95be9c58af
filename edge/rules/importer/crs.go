// ModSecurity rules: what can be said of a text, such as a header or a parameter.

package importer

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"trawl/edge/ondemand"
)

const (
	whySecRule   = "SecRule that cannot be read"
	whyChain     = "finds more: of a chain of rules that must all match one is looked for"
	whyTransform = "finds other: the text is searched as it is, not transformed before (t:…)"
	whyLower     = "finds other: t:lowercase before a pattern with upper case"
	whyOperator  = "operator that does not look for text"
	whyNegatedOp = "negated operator (!@…)"
	whyVariable  = "variables that are no text (counts, TX, addresses, …)"
	whySteers    = "only steers other rules (pass with ctl or skipAfter)"
	whyMacro     = "macro (%{…}) whose value is known only when running"
	whyChanged   = "transformation that makes another text (hash, length, decoding)"
	whyNoData    = "data file that cannot be read"
	whyNoPhrases = "data file without phrases"
	whyOutside   = "data file outside of the folder of the rules: copy it there, and name it without its folder"
	noteDoubled  = "\\\\ in quotes is one backslash to ModSecurity 2 and two to 3: what either finds is found"
	noteBlanks   = "phrases of files are without the blanks at their ends, as ModSecurity 2 reads them; 3 keeps them"
	noteLines    = "^ and $ are also the beginnings and ends of lines, as in ModSecurity 3; in 2 they are not"
	noteWords    = "@containsWord takes letters for parts of words, as ModSecurity 3 does; 2 also takes digits and _"
	whyDigits    = "finds more: check digits are not checked"
	whyOther3    = "finds less: as ModSecurity 3 reads \\\\, the pattern is not looked for, "
	noteVariable = "variables say which part of a request; that is for whoever sends the texts"
)

// readCRS reads one .conf file, or a list for @pmFromFile.
func readCRS(j *job, in *input) {
	if strings.EqualFold(filepath.Ext(in.path), ".data") {
		readCRSData(j, in)
		return
	}
	var chain []*secRule
	j.logicalLines(in, "", func(number int, line string) {
		line = strings.TrimSpace(line)
		name, rest, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
		switch {
		case line == "":
			return
		case line[0] == '#':
			j.aside.add("comments")
			return
		case !strings.EqualFold(name, "SecRule"):
			j.crs.directive(j, name, rest)
			return
		}
		r, ok := readSecRule(rest, number)
		if !ok {
			e := j.begin(in.path, number, "", idFrom(fmt.Sprintf("%s:%d", shortPath(in.path, 1), number)))
			e.skip(whySecRule, "variables, operator and actions are expected, in quotes that end")
			e.end()
			return
		}
		r.inherited = j.crs.defaults[phaseOf(firstOf(chain, r))]
		chain = append(chain, r)
		const longest = 64
		if _, more := r.action("chain"); !more || len(chain) > longest {
			crsEntry(j, in.source, chain)
			chain = nil
		}
	})
	if chain != nil {
		crsEntry(j, in.source, chain)
	}
}

// firstOf is the rule that a chain begins with.
func firstOf(chain []*secRule, r *secRule) *secRule {
	if len(chain) > 0 {
		return chain[0]
	}
	return r
}

// readCRSData takes a list for @pmFromFile as one rule.
func readCRSData(j *job, in *input) {
	e := j.begin(in.path, 1, "", idFrom("data/"+stem(in.path)))
	list, blanks := pmLines(in.data)
	if blanks {
		e.remark(noteBlanks)
	}
	e.literals("", true, list...)
	e.end()
}

// pmLines are the phrases of a list: comments and blank lines are none. blanks says that
// some have blanks at their ends, which are left out.
func pmLines(data []byte) (list [][]byte, blanks bool) {
	seen := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		whole := strings.TrimRight(line, "\r\n")
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || seen[line] {
			continue
		}
		seen[line] = true
		blanks = blanks || line != whole
		list = append(list, []byte(line))
	}
	return list, blanks
}

func crsEntry(j *job, src source, chain []*secRule) {
	path := src.path
	first := chain[0]
	id, _ := first.action("id")
	name := "crs-" + idFrom(id)
	if id == "" {
		name = idFrom(fmt.Sprintf("%s:%d", shortPath(path, 1), first.line))
	}
	e := j.begin(path, first.line, id, name)
	crsMeta(e, first)
	c := crsReader{entry: e, source: src}
	c.read(chain)
	e.end()
}

func crsMeta(e *entry, r *secRule) {
	msg, _ := r.action("msg")
	e.base.Message = oneLine(strings.ReplaceAll(msg, `\'`, `'`))
	const most = 16
	for _, tag := range r.values("tag") {
		if t := idFrom(tag); t != "" && len(e.base.Tags) < most {
			e.base.Tags = append(e.base.Tags, t)
		}
	}
	severity, _ := r.action("severity")
	e.base.Severity = crsSeverity.Get()[strings.ToUpper(severity)]
	e.data("variables", r.variables)
}

// crsSeverity are syslog's levels.
var crsSeverity = ondemand.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		"EMERGENCY": "critical", "ALERT": "critical", "CRITICAL": "critical", "ERROR": "high", "WARNING": "medium", "NOTICE": "low", "INFO": "info", "DEBUG": "info",
		"0": "critical", "1": "critical", "2": "critical", "3": "high", "4": "medium", "5": "low", "6": "info", "7": "info",
	}
}}

type crsReader struct {
	*entry
	source source
}

// read takes the rule of a chain that can be looked for without missing texts and, of
// those, the one that tells most.
func (c *crsReader) read(chain []*secRule) {
	if steers(chain) {
		c.skip(whySteers, "")
		return
	}
	var first *reason
	var best *secRule
	var rated usable
	for _, r := range chain {
		u := c.trial(func(e *entry) {
			t := crsReader{entry: e, source: c.source}
			if err := t.one(r); err != nil {
				e.skip(err.text, err.detail)
			}
		})
		switch {
		case u.why != nil:
			if first == nil {
				first = u.why
			}
		case best == nil || rated.less && !u.less || rated.less == u.less && u.weight > rated.weight:
			best, rated = r, u
		}
	}
	if best == nil {
		c.skip(first.text, first.detail)
		return
	}
	if err := c.one(best); err != nil {
		c.skip(err.text, err.detail)
		return
	}
	c.remark(noteVariable)
	if len(chain) > 1 {
		c.partly(whyChain, fmt.Sprintf("the one of line %d", best.line))
	}
}

// steers tells rules that find nothing themselves.
func steers(chain []*secRule) bool {
	if _, pass := chain[0].action("pass"); !pass {
		return false
	}
	for _, r := range chain {
		_, ctl := r.action("ctl")
		_, skip := r.action("skipafter")
		if ctl || skip {
			return true
		}
	}
	return false
}

// one takes a single rule, or says why not and adds nothing.
func (c *crsReader) one(r *secRule) *refused {
	no := func(text, detail string) *refused { return &refused{reason{text, detail}} }
	switch {
	case r.negated:
		return no(whyNegatedOp, "@"+r.operator)
	case !textVariable(r.variables):
		return no(whyVariable, r.variables)
	case strings.Contains(r.argument, "%{"):
		return no(whyMacro, r.argument)
	}
	lower, changes, partly := transformations(append(r.inherited[:len(r.inherited):len(r.inherited)], r.values("t")...))
	if changes != "" {
		return no(whyChanged, "t:"+changes)
	}
	if err := c.operator(r.operator, r.argument, "", lower); err != nil {
		return err
	}
	if r.argument3 != r.argument {
		c.remark(noteDoubled)
		if err := c.operator(r.operator, r.argument3, "v3", lower); err != nil {
			c.partly(whyOther3+err.text, err.detail)
		}
	}
	if partly != "" {
		c.partly(whyTransform, partly)
	}
	return nil
}

// operator adds what finds the texts that an operator with the argument arg finds.
func (c *crsReader) operator(name, arg, part string, lower bool) *refused {
	named := name
	name = strings.ToLower(name)
	if lower && !crsRegexes.Has(name) && arg != strings.ToLower(arg) && !strings.HasPrefix(name, "pm") {
		c.partly(whyLower, arg)
	}
	text := func(before, after string) *refused {
		switch {
		case arg == "":
			return &refused{reason{"empty pattern, which would match every text", ""}}
		case !utf8.ValidString(arg):
			return &refused{reason{whyBytes, ""}}
		}
		if lower && otherCase(arg) {
			c.partly(whyFold, arg)
		}
		c.regex(part, before+quoteText(arg)+after, lower)
		return nil
	}
	switch name {
	case "rx", "rxglobal":
		return c.rx(arg, part, lower)
	case "verifycc", "verifyssn", "verifycpf", "verifysvnr":
		c.partly(whyDigits, "@"+name)
		return c.rx(arg, part, lower)
	case "pm":
		return c.phrases(strings.Fields(arg), part)
	case "pmf", "pmfromfile":
		return c.fromFiles(strings.Fields(arg), part)
	case "contains", "strmatch":
		if arg == "" {
			return text("", "")
		}
		c.literals(part, lower, []byte(arg))
		return nil
	case "containsword":
		c.remark(noteWords)
		return text(`(?:^|[^A-Za-z])`, `(?:[^A-Za-z]|$)`)
	case "beginswith":
		return text(`^`, "")
	case "endswith":
		return text("", `$`)
	case "streq":
		return text(`^`, `$`)
	}
	return &refused{reason{whyOperator, "@" + named}}
}

// crsRegexes are operators whose argument is a regex.
var crsRegexes = ondemand.Words{List: "rx rxglobal verifycc verifyssn verifycpf verifysvnr"}

func (c *crsReader) rx(src, part string, lower bool) *refused {
	t, err := translatePerl(src, pcreDialect, perlFlags{s: true, m: true}) // as ModSecurity 3 compiles it
	switch {
	case err != nil:
	case len(t.carets)+len(t.dollars) > 0:
		c.remark(noteLines)
	default:
		t, err = translatePerl(src, pcreDialect, perlFlags{s: true})
	}
	if err != nil {
		if r, ok := err.(*refused); ok {
			return r
		}
		return &refused{reason{"regex cannot be translated", err.Error()}}
	}
	if !strings.Contains(strings.ReplaceAll(t.expr, `\.`, ""), ".") {
		t.expr = strings.TrimPrefix(t.expr, "(?s)") // says nothing
		t.carets, t.dollars, t.bars = nil, nil, nil
	}
	if lower && hasUpper(src) {
		c.partly(whyLower, "")
	}
	if lower && otherCase(src) {
		c.partly(whyFold, "")
	}
	c.translated(part, t, lower)
	return nil
}

// hasUpper looks for upper case that is not part of an escape.
func hasUpper(src string) bool {
	for i := 0; i < len(src); i++ {
		switch {
		case src[i] == '\\':
			i++
			if i < len(src) && src[i] == 'x' {
				i += 2
			}
		case 'A' <= src[i] && src[i] <= 'Z':
			return true
		}
	}
	return false
}

// phrases takes the words of @pm, which ignores case.
func (c *crsReader) phrases(words []string, part string) *refused {
	var list [][]byte
	for _, w := range words {
		b := []byte(w)
		if strings.Count(w, "|") >= 2 {
			if decoded, err := snortBytes(w); err == nil {
				b = decoded
			}
		}
		list = append(list, b)
	}
	if len(list) == 0 {
		return &refused{reason{"empty pattern, which would match every text", ""}}
	}
	c.literals(part, true, list...)
	return nil
}

func (c *crsReader) fromFiles(names []string, part string) *refused {
	var list [][]byte
	for _, name := range names {
		in, err := c.job.include(c.source, beside(c.source.path, name))
		switch {
		case errors.Is(err, errOutside):
			return &refused{reason{whyOutside, name}}
		case err != nil:
			return &refused{reason{whyNoData, name + ": " + withoutPath(err).Error()}}
		}
		phrases, blanks := pmLines(in.data)
		if blanks {
			c.remark(noteBlanks)
		}
		list = append(list, phrases...)
	}
	if len(list) == 0 {
		return &refused{reason{whyNoPhrases, strings.Join(names, " ")}}
	}
	c.literals(part, true, list...)
	return nil
}
