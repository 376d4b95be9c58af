// YARA's rules as they are written.

package importer

import (
	"bytes"
	"strings"

	"trawl/edge/ondemand"
)

type yaraParser struct {
	lex   yaraLexer
	token yaraToken
	start int // line where the rule under way begins
}

func (p *yaraParser) advance() (err error) {
	p.token, err = p.lex.next()
	return err
}

func (p *yaraParser) expect(text string) error {
	if p.token.text != text || p.token.kind == yaraText {
		return p.lex.fail("%q is expected, not %q", text, p.token.text)
	}
	return p.advance()
}

var yaraRuleStart = ondemand.Regexp{Expr: `(?m)^[ \t]*(?:(?:private|global)\s+)*rule\s`}

// resync goes on at the next line that looks like the beginning of a rule.
func (p *yaraParser) resync() bool {
	from := min(p.lex.pos, len(p.lex.src))
	at := yaraRuleStart.Get().FindIndex(p.lex.src[from:])
	if at == nil {
		return false
	}
	p.lex.line += bytes.Count(p.lex.src[from:from+at[0]], []byte{'\n'})
	p.lex.pos = from + at[0]
	p.lex.values = false
	return true
}

// rule reads the next rule; nil at the end. With an error it returns what it had.
func (p *yaraParser) rule(j *job) (*yaraRule, error) {
	r := &yaraRule{meta: map[string]string{}}
	p.lex.values = false
	if err := p.advance(); err != nil {
		p.start = p.lex.line
		return r, err
	}
	for p.token.text == "import" || p.token.text == "include" {
		j.aside.add(p.token.text + " statements")
		if err := p.advance(); err == nil {
			err = p.advance()
			if err != nil {
				return r, err
			}
		}
	}
	if p.token.kind == yaraEnd {
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

func (p *yaraParser) body(r *yaraRule) error {
	if p.token.kind != yaraWord {
		return p.lex.fail("a rule's name is expected, not %q", p.token.text)
	}
	if err := p.advance(); err != nil {
		return err
	}
	if p.token.text == ":" {
		for p.advance() == nil && p.token.kind == yaraWord {
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

func (p *yaraParser) metas(r *yaraRule) error {
	if err := p.advance(); err != nil {
		return err
	}
	for p.token.kind == yaraWord && p.token.text != "strings" && p.token.text != "condition" {
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

func (p *yaraParser) strings(r *yaraRule) error {
	const most = 20_000
	if err := p.advance(); err != nil {
		return err
	}
	for p.token.kind == yaraName && p.token.text[0] == '$' {
		s := &yaraString{name: p.token.text, mods: map[string]string{}}
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
		if s.value = p.token; s.value.kind != yaraText && s.value.kind != yaraRegex && s.value.kind != yaraHex {
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

var yaraModifiers = ondemand.Words{List: "ascii wide nocase fullword private xor base64 base64wide"}

// modifiers reads nocase, xor(1-255) and so on.
func (p *yaraParser) modifiers(s *yaraString) error {
	if err := p.advance(); err != nil {
		return err
	}
	for p.token.kind == yaraWord && yaraModifiers.Has(p.token.text) {
		name := p.token.text
		s.mods[name] = ""
		if err := p.advance(); err != nil {
			return err
		}
		if p.token.text != "(" || p.token.kind != yaraSymbol {
			continue
		}
		for {
			if err := p.advance(); err != nil {
				return err
			}
			if p.token.kind == yaraEnd || p.token.kind == yaraSymbol && p.token.text == ")" {
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

// condition collects tokens up to the rule's end.
func (p *yaraParser) condition(r *yaraRule) error {
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
		case p.token.kind == yaraEnd:
			return p.lex.fail("the rule has no } at its end")
		case p.token.kind == yaraSymbol && p.token.text == "(":
			depth++
		case p.token.kind == yaraSymbol && p.token.text == ")":
			depth--
		case p.token.kind == yaraSymbol && p.token.text == "}":
			if depth != 0 {
				return p.lex.fail("a parenthesis of the condition is not closed")
			}
			return nil
		}
		r.condition = append(r.condition, p.token)
	}
	return p.lex.fail("the condition is too long")
}
