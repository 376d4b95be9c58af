// ModSecurity rules: what can be said of a text, such as a header or a parameter.

package importer

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"
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
	whyOutside   = "data file outside of the folder of the rules: copy it there, and name it without its folder"
	noteDoubled  = "\\\\ in quotes is one backslash, as Apache reads it"
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
			if strings.EqualFold(name, "SecAction") || strings.EqualFold(name, "SecMarker") {
				j.aside.add("SecAction and SecMarker")
			} else {
				j.aside.add("other directives")
			}
			return
		}
		args, ok := arguments(rest)
		r, isRule := parseSecRule(args, number)
		if !ok || !isRule {
			e := j.begin(in.path, number, "", idFrom(fmt.Sprintf("%s:%d", shortPath(in.path, 1), number)))
			e.skip(whySecRule, "variables, operator and actions are expected, in quotes that end")
			e.end()
			return
		}
		r.doubled = strings.Contains(rest, `\\`)
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

// readCRSData takes a list for @pmFromFile as one rule.
func readCRSData(j *job, in *input) {
	e := j.begin(in.path, 1, "", idFrom("data/"+stem(in.path)))
	e.literals("", true, pmLines(in.data)...)
	e.end()
}

// pmLines are the phrases of a list: comments and blank lines are none.
func pmLines(data []byte) [][]byte {
	var list [][]byte
	seen := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || seen[line] {
			continue
		}
		seen[line] = true
		list = append(list, []byte(line))
	}
	return list
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
	e.base.Severity = crsSeverity[strings.ToUpper(severity)]
	e.data("variables", r.variables)
}

// crsSeverity are syslog's levels.
var crsSeverity = map[string]string{
	"EMERGENCY": "critical", "ALERT": "critical", "CRITICAL": "critical", "ERROR": "high", "WARNING": "medium", "NOTICE": "low", "INFO": "info", "DEBUG": "info",
	"0": "critical", "1": "critical", "2": "critical", "3": "high", "4": "medium", "5": "low", "6": "info", "7": "info",
}

type crsReader struct {
	*entry
	source source
}

// read takes the first rule of a chain that looks for text.
func (c *crsReader) read(chain []*secRule) {
	if steers(chain) {
		c.skip(whySteers, "")
		return
	}
	var first *refused
	for _, r := range chain {
		err := c.one(r)
		if err == nil {
			c.remark(noteVariable)
			if len(chain) > 1 {
				c.partly(whyChain, fmt.Sprintf("the one of line %d", r.line))
			}
			return
		}
		if first == nil {
			first = err
		}
	}
	c.skip(first.text, first.detail)
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
	lower, changes, partly := transformations(r.values("t"))
	if changes != "" {
		return no(whyChanged, "t:"+changes)
	}
	if err := c.operator(r, lower); err != nil {
		return err
	}
	if partly != "" {
		c.partly(whyTransform, partly)
	}
	if r.doubled {
		c.remark(noteDoubled)
	}
	return nil
}

func (c *crsReader) operator(r *secRule, lower bool) *refused {
	arg := r.argument
	if lower && strings.ToLower(r.operator) != "rx" && arg != strings.ToLower(arg) && !strings.HasPrefix(strings.ToLower(r.operator), "pm") {
		c.partly(whyLower, arg)
	}
	text := func(before, after string) *refused {
		switch {
		case arg == "":
			return &refused{reason{"empty pattern, which would match every text", ""}}
		case !utf8.ValidString(arg):
			return &refused{reason{whyBytes, ""}}
		}
		c.regex("", before+quoteText(arg)+after, lower)
		return nil
	}
	switch strings.ToLower(r.operator) {
	case "rx":
		return c.rx(arg, lower)
	case "pm":
		return c.phrases(strings.Fields(arg))
	case "pmf", "pmfromfile":
		return c.fromFiles(strings.Fields(arg))
	case "contains", "strmatch":
		if arg == "" {
			return text("", "")
		}
		c.literals("", lower, []byte(arg))
		return nil
	case "containsword":
		return text(`(?:^|[^0-9A-Za-z_])`, `(?:[^0-9A-Za-z_]|$)`)
	case "beginswith":
		return text(`^`, "")
	case "endswith":
		return text("", `$`)
	case "streq":
		return text(`^`, `$`)
	}
	return &refused{reason{whyOperator, "@" + r.operator}}
}

func (c *crsReader) rx(src string, lower bool) *refused {
	t, err := translatePerl(src, pcreDialect, perlFlags{s: true}) // ModSecurity's `.` matches line breaks
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
	c.translated("", t, lower && !hasUpper(src))
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
func (c *crsReader) phrases(words []string) *refused {
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
	c.literals("", true, list...)
	return nil
}

func (c *crsReader) fromFiles(names []string) *refused {
	var list [][]byte
	for _, name := range names {
		in, err := c.job.include(c.source, beside(c.source.path, name))
		switch {
		case errors.Is(err, errOutside):
			return &refused{reason{whyOutside, name}}
		case err != nil:
			return &refused{reason{whyNoData, name + ": " + withoutPath(err).Error()}}
		}
		list = append(list, pmLines(in.data)...)
	}
	if len(list) == 0 {
		return &refused{reason{whyNoData, strings.Join(names, " ")}}
	}
	c.literals("", true, list...)
	return nil
}
