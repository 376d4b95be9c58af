package yara

// YARA's rules, from tokens.

import (
	"bytes"
	"strings"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/job"
)

type parser struct {
	lex   lexer
	token token
	start int // line of the beginning of the current rule
}

func (p *parser) advance() (err error) {
	p.token, err = p.lex.next()
	return err
}

func (p *parser) expect(text string) error {
	if p.token.text != text || p.token.kind == tokenText {
		return p.lex.fail("%q is expected, not %q", text, p.token.text)
	}
	return p.advance()
}

var ruleStart = ondemand.Regexp{Expr: `(?m)^[ \t]*(?:(?:private|global)\s+)*rule\s`}

// resync continues at the next line that looks like the beginning of a rule.
func (p *parser) resync() bool {
	from := min(p.lex.pos, len(p.lex.src))
	at := ruleStart.Get().FindIndex(p.lex.src[from:])
	if at == nil {
		return false
	}
	p.lex.line += bytes.Count(p.lex.src[from:from+at[0]], []byte{'\n'})
	p.lex.pos = from + at[0]
	p.lex.values = false
	return true
}

// rule reads the next rule; nil at the end. With an error it returns the rule read so far.
func (p *parser) rule(j *job.Job) (*rule, error) {
	r := &rule{meta: map[string]string{}}
	p.lex.values = false
	if err := p.advance(); err != nil {
		p.start = p.lex.line
		return r, err
	}
	for p.token.text == "import" || p.token.text == "include" {
		j.PassedOver.Add(p.token.text + " statements")
		if err := p.advance(); err == nil {
			err = p.advance()
			if err != nil {
				return r, err
			}
		}
	}
	if p.token.kind == tokenEnd {
		return nil, nil
	}
	r.line, p.start = p.token.line, p.token.line
	for p.token.text == "private" || p.token.text == "global" {
		r.private = r.private || p.token.text == "private"
		if err := p.advance(); err != nil {
			return r, err
		}
	}
	if err := p.expect("rule"); err != nil {
		return r, err
	}
	r.name = p.token.text
	return r, p.body(r)
}

func (p *parser) body(r *rule) error {
	if p.token.kind != tokenWord {
		return p.lex.fail("a rule's name is expected, not %q", p.token.text)
	}
	if err := p.advance(); err != nil {
		return err
	}
	if p.token.text == ":" {
		for p.advance() == nil && p.token.kind == tokenWord {
			r.tags = append(r.tags, p.token.text)
		}
	}
	if err := p.expect("{"); err != nil {
		return err
	}
	for {
		section := p.token.text
		if err := p.advance(); err != nil {
			return err
		}
		if p.token.text != ":" {
			return p.lex.fail("meta:, strings: or condition: is expected, not %q", section)
		}
		var err error
		switch section {
		case "meta":
			err = p.metas(r)
		case "strings":
			err = p.strings(r)
		case "condition":
			return p.condition(r)
		default:
			err = p.lex.fail("meta:, strings: or condition: is expected, not %q", section)
		}
		if err != nil {
			return err
		}
	}
}

func (p *parser) metas(r *rule) error {
	if err := p.advance(); err != nil {
		return err
	}
	for p.token.kind == tokenWord && p.token.text != "strings" && p.token.text != "condition" {
		name := p.token.text
		if err := p.advance(); err != nil {
			return err
		}
		if err := p.expect("="); err != nil {
			return err
		}
		value := p.token.text
		if err := p.advance(); err != nil {
			return err
		}
		if value == "-" {
			value += p.token.text
			if err := p.advance(); err != nil {
				return err
			}
		}
		r.meta[strings.ToLower(name)] = value
	}
	return nil
}

func (p *parser) strings(r *rule) error {
	const most = 20_000
	if err := p.advance(); err != nil {
		return err
	}
	for p.token.kind == tokenName && p.token.text[0] == '$' {
		s := &stringDef{name: p.token.text, mods: map[string]string{}}
		if err := p.advance(); err != nil {
			return err
		}
		if p.token.text != "=" {
			return p.lex.fail("= is expected, not %q", p.token.text)
		}
		p.lex.values = true
		err := p.advance()
		p.lex.values = false
		if err != nil {
			return err
		}
		if s.value = p.token; s.value.kind != tokenText && s.value.kind != tokenRegex && s.value.kind != tokenHex {
			return p.lex.fail("a text, regex or hex string is expected, not %q", p.token.text)
		}
		if err := p.modifiers(s); err != nil {
			return err
		}
		if r.strings = append(r.strings, s); len(r.strings) > most {
			return p.lex.fail("more than %d strings", most)
		}
	}
	return nil
}

var modifierNames = ondemand.Words{List: "ascii wide nocase fullword private xor base64 base64wide"}

// modifiers reads nocase, xor(1-255) and so on.
func (p *parser) modifiers(s *stringDef) error {
	if err := p.advance(); err != nil {
		return err
	}
	for p.token.kind == tokenWord && modifierNames.Has(p.token.text) {
		name := p.token.text
		s.mods[name] = ""
		if err := p.advance(); err != nil {
			return err
		}
		if p.token.text != "(" || p.token.kind != tokenSymbol {
			continue
		}
		for {
			if err := p.advance(); err != nil {
				return err
			}
			if p.token.kind == tokenEnd || p.token.kind == tokenSymbol && p.token.text == ")" {
				break
			}
			s.mods[name] += p.token.text
		}
		if err := p.expect(")"); err != nil {
			return err
		}
	}
	return nil
}

// condition collects tokens up to the end of the rule.
func (p *parser) condition(r *rule) error {
	const most = 100_000
	p.lex.values = false
	depth := 0
	for len(r.condition) < most {
		matches := len(r.condition) > 0 && r.condition[len(r.condition)-1].text == "matches"
		p.lex.values = matches
		err := p.advance()
		p.lex.values = false
		if err != nil {
			return err
		}
		switch {
		case p.token.kind == tokenEnd:
			return p.lex.fail("the rule has no } at its end")
		case p.token.kind == tokenSymbol && p.token.text == "(":
			depth++
		case p.token.kind == tokenSymbol && p.token.text == ")":
			depth--
		case p.token.kind == tokenSymbol && p.token.text == "}":
			if depth != 0 {
				return p.lex.fail("a parenthesis of the condition is not closed")
			}
			return nil
		}
		r.condition = append(r.condition, p.token)
	}
	return p.lex.fail("the condition is too long")
}
