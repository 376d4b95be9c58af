package crs

// Rules of ModSecurity about a text, such as a header or a parameter.

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/condition"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/shape"
)

const (
	whyNotRule   = "SecRule that cannot be read"
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

var Kind = job.Kind{
	Name: "crs", What: "ModSecurity rules and data lists, such as the OWASP Core Rule Set", Extensions: ".conf",
	Open: func() job.Reader { return &config{} }, ASCIICase: true, WhyNotRule: whyNotRule,
}

// Read reads a .conf file, or a .data file: a list for @pmFromFile.
func (c *config) Read(j *job.Job, in *job.Input) {
	if strings.EqualFold(filepath.Ext(in.Path), ".data") {
		readData(j, in)
		return
	}
	var chain []*secRule
	j.LogicalLines(in, "", func(number int, line string) {
		line = strings.TrimSpace(line)
		name, rest, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
		switch {
		case line == "":
			return
		case line[0] == '#':
			j.PassedOver.Add("comments")
			return
		case !strings.EqualFold(name, "SecRule"):
			c.directive(j, name, rest)
			return
		}
		r, ok := readSecRule(rest, number)
		if !ok {
			e := j.Begin(in.Path, number, "", job.IDFrom(fmt.Sprintf("%s:%d", job.ShortPath(in.Path, 1), number)))
			e.Skip(whyNotRule, "variables, operator and actions are expected, in quotes that end")
			e.End()
			return
		}
		r.inherited = c.defaults[phaseOf(firstOf(chain, r))]
		chain = append(chain, r)
		const longest = 64
		if _, more := r.action("chain"); !more || len(chain) > longest {
			takeChain(j, in.Source, chain)
			chain = nil
		}
	})
	if chain != nil {
		takeChain(j, in.Source, chain)
	}
}

// firstOf returns the first rule of a chain that ends with r.
func firstOf(chain []*secRule, r *secRule) *secRule {
	if len(chain) > 0 {
		return chain[0]
	}
	return r
}

// readData makes a rule of a list for @pmFromFile.
func readData(j *job.Job, in *job.Input) {
	e := j.Begin(in.Path, 1, "", job.IDFrom("data/"+job.Stem(in.Path)))
	list, blanks := pmLines(in.Data)
	if blanks {
		e.Remark(noteBlanks)
	}
	e.AddLiterals("", true, list...)
	e.End()
}

// pmLines returns the phrases of a list, without comments and blank lines. blanks reports whether
// blanks at the ends of phrases have been cut off.
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

func takeChain(j *job.Job, src job.Source, chain []*secRule) {
	path := src.Path
	first := chain[0]
	id, _ := first.action("id")
	name := "crs-" + job.IDFrom(id)
	if id == "" {
		name = job.IDFrom(fmt.Sprintf("%s:%d", job.ShortPath(path, 1), first.line))
	}
	e := j.Begin(path, first.line, id, name)
	takeMeta(e, first)
	c := reader{Entry: e, source: src}
	c.read(chain)
	e.End()
}

func takeMeta(e *job.Entry, r *secRule) {
	msg, _ := r.action("msg")
	e.Base.Message = job.OneLine(strings.ReplaceAll(msg, `\'`, `'`))
	const most = 16
	for _, tag := range r.values("tag") {
		if t := job.IDFrom(tag); t != "" && len(e.Base.Tags) < most {
			e.Base.Tags = append(e.Base.Tags, t)
		}
	}
	severity, _ := r.action("severity")
	e.Base.Severity = severities.Get()[strings.ToUpper(severity)]
	e.AddData("variables", r.variables)
}

// severities maps the severities of ModSecurity, the levels of syslog.
var severities = ondemand.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		"EMERGENCY": "critical", "ALERT": "critical", "CRITICAL": "critical", "ERROR": "high", "WARNING": "medium", "NOTICE": "low", "INFO": "info", "DEBUG": "info",
		"0": "critical", "1": "critical", "2": "critical", "3": "high", "4": "medium", "5": "low", "6": "info", "7": "info",
	}
}}

type reader struct {
	*job.Entry
	source job.Source
}

// read takes one rule of a chain: of the rules that miss no texts, the rule with the largest
// weight.
func (c *reader) read(chain []*secRule) {
	if steers(chain) {
		c.Skip(whySteers, "")
		return
	}
	var first *re2.Reason
	var best *secRule
	var rated condition.Usable
	for _, r := range chain {
		u := c.Try(func(e *job.Entry) {
			t := reader{Entry: e, source: c.source}
			if err := t.one(r); err != nil {
				e.Skip(err.Text, err.Detail)
			}
		})
		switch {
		case u.Why != nil:
			if first == nil {
				first = u.Why
			}
		case best == nil || rated.Less && !u.Less || rated.Less == u.Less && u.Weight > rated.Weight:
			best, rated = r, u
		}
	}
	if best == nil {
		c.Skip(first.Text, first.Detail)
		return
	}
	if err := c.one(best); err != nil {
		c.Skip(err.Text, err.Detail)
		return
	}
	c.Remark(noteVariable)
	if len(chain) > 1 {
		c.TakeInPart(whyChain, fmt.Sprintf("the one of line %d", best.line))
	}
}

// steers reports whether a chain only changes the course of processing and reports nothing.
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

// one takes a single rule. With an error it adds nothing.
func (c *reader) one(r *secRule) *re2.Refused {
	switch {
	case r.negated:
		return re2.Refuse(whyNegatedOp, "@"+r.operator)
	case !textVariable(r.variables):
		return re2.Refuse(whyVariable, r.variables)
	case strings.Contains(r.argument, "%{"):
		return re2.Refuse(whyMacro, r.argument)
	}
	lower, changes, partly := transformations(append(r.inherited[:len(r.inherited):len(r.inherited)], r.values("t")...))
	if changes != "" {
		return re2.Refuse(whyChanged, "t:"+changes)
	}
	if err := c.operator(r.operator, r.argument, "", lower); err != nil {
		return err
	}
	if r.argument3 != r.argument {
		c.Remark(noteDoubled)
		if err := c.operator(r.operator, r.argument3, "v3", lower); err != nil {
			c.TakeInPart(whyOther3+err.Text, err.Detail)
		}
	}
	if partly != "" {
		c.TakeInPart(whyTransform, partly)
	}
	return nil
}

// operator adds patterns for the operator named name with the argument arg.
func (c *reader) operator(name, arg, part string, lower bool) *re2.Refused {
	named := name
	name = strings.ToLower(name)
	if lower && !regexOperators.Has(name) && arg != strings.ToLower(arg) && !strings.HasPrefix(name, "pm") {
		c.TakeInPart(whyLower, arg)
	}
	text := func(before, after string) *re2.Refused {
		switch {
		case arg == "":
			return re2.Refuse("empty pattern, which would match every text", "")
		case !utf8.ValidString(arg):
			return re2.Refuse(re2.WhyBytes, "")
		}
		if lower && re2.OtherCase(arg) {
			c.TakeInPart(re2.WhyFold, arg)
		}
		c.AddRegex(part, before+shape.QuoteText(arg)+after, lower)
		return nil
	}
	switch name {
	case "rx", "rxglobal":
		return c.rx(arg, part, lower)
	case "verifycc", "verifyssn", "verifycpf", "verifysvnr":
		c.TakeInPart(whyDigits, "@"+name)
		return c.rx(arg, part, lower)
	case "pm":
		return c.phrases(strings.Fields(arg), part)
	case "pmf", "pmfromfile":
		return c.fromFiles(strings.Fields(arg), part)
	case "contains", "strmatch":
		if arg == "" {
			return text("", "")
		}
		c.AddLiterals(part, lower, []byte(arg))
		return nil
	case "containsword":
		c.Remark(noteWords)
		return text(`(?:^|[^A-Za-z])`, `(?:[^A-Za-z]|$)`)
	case "beginswith":
		return text(`^`, "")
	case "endswith":
		return text("", `$`)
	case "streq":
		return text(`^`, `$`)
	}
	return re2.Refuse(whyOperator, "@"+named)
}

// regexOperators are the operators with a regex as their argument.
var regexOperators = ondemand.Words{List: "rx rxglobal verifycc verifyssn verifycpf verifysvnr"}

func (c *reader) rx(src, part string, lower bool) *re2.Refused {
	t, err := re2.Perl(src, re2.PCRE, re2.Flags{DotAll: true, MultiLine: true}) // the flags of ModSecurity 3
	switch {
	case err != nil:
	case len(t.Carets)+len(t.Dollars) > 0:
		c.Remark(noteLines)
	default:
		t, err = re2.Perl(src, re2.PCRE, re2.Flags{DotAll: true})
	}
	if err != nil {
		if r, ok := err.(*re2.Refused); ok {
			return r
		}
		return re2.Refuse("regex cannot be translated", err.Error())
	}
	if !strings.Contains(strings.ReplaceAll(t.Expr, `\.`, ""), ".") {
		t.Expr = strings.TrimPrefix(t.Expr, "(?s)") // needless without an unescaped dot
		t.Carets, t.Dollars, t.Bars = nil, nil, nil
	}
	if lower && hasUpper(src) {
		c.TakeInPart(whyLower, "")
	}
	if lower && re2.OtherCase(src) {
		c.TakeInPart(re2.WhyFold, "")
	}
	c.AddTranslation(part, t, lower)
	return nil
}

// hasUpper reports whether a regex has an upper-case letter outside of escapes.
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

// phrases adds the words of @pm, an operator that ignores case.
func (c *reader) phrases(words []string, part string) *re2.Refused {
	var list [][]byte
	for _, w := range words {
		b := []byte(w)
		if strings.Count(w, "|") >= 2 {
			if decoded, err := job.MixedBytes(w); err == nil {
				b = decoded
			}
		}
		list = append(list, b)
	}
	if len(list) == 0 {
		return re2.Refuse("empty pattern, which would match every text", "")
	}
	c.AddLiterals(part, true, list...)
	return nil
}

func (c *reader) fromFiles(names []string, part string) *re2.Refused {
	var list [][]byte
	for _, name := range names {
		in, err := c.Job.Include(c.source, job.PathBeside(c.source.Path, name))
		switch {
		case errors.Is(err, job.ErrOutside):
			return re2.Refuse(whyOutside, name)
		case err != nil:
			return re2.Refuse(whyNoData, name+": "+job.WithoutPath(err).Error())
		}
		phrases, blanks := pmLines(in.Data)
		if blanks {
			c.Remark(noteBlanks)
		}
		list = append(list, phrases...)
	}
	if len(list) == 0 {
		return re2.Refuse(whyNoPhrases, strings.Join(names, " "))
	}
	c.AddLiterals(part, true, list...)
	return nil
}
