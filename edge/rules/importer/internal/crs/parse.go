package crs

// SecRule directives: variables, operator and actions.

import (
	"strings"
)

// secRule is a SecRule directive.
type secRule struct {
	line      int
	variables string
	negated   bool
	operator  string // without @
	argument  string // for ModSecurity 2: \\ in quotes is one backslash
	argument3 string // for ModSecurity 3: \\ in quotes is two backslashes
	actions   []secAction
	inherited []string // transformations of SecDefaultAction
}

type secAction struct{ name, value string }

// action returns the value of the first action with the name, and whether an action has the name.
func (r *secRule) action(name string) (string, bool) {
	for _, a := range r.actions {
		if a.name == name {
			return a.value, true
		}
	}
	return "", false
}

// values returns the values of all actions with the name.
func (r *secRule) values(name string) []string {
	var list []string
	for _, a := range r.actions {
		if a.name == name {
			list = append(list, a.value)
		}
	}
	return list
}

// arguments splits a directive at spaces, as Apache does. Quotes surround arguments with spaces; a
// backslash escapes the quote or a backslash in quotes.
func arguments(line string) ([]string, bool) { return splitArguments(line, `\`) }

// splitArguments is like arguments, with escaped as the characters, besides the quote, that a
// backslash escapes in quotes.
func splitArguments(line, escaped string) ([]string, bool) {
	var list []string
	for {
		line = strings.TrimLeft(line, " \t")
		if line == "" {
			return list, true
		}
		quote := line[0]
		if quote != '"' && quote != '\'' {
			word, rest, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
			list, line = append(list, word), rest
			continue
		}
		var b strings.Builder
		i := 1
		for ; i < len(line) && line[i] != quote; i++ {
			if line[i] == '\\' && i+1 < len(line) && (line[i+1] == quote || strings.IndexByte(escaped, line[i+1]) >= 0) {
				i++
			}
			b.WriteByte(line[i])
		}
		if i >= len(line) {
			return nil, false
		}
		list, line = append(list, b.String()), line[i+1:]
	}
}

// readSecRule reads the text behind SecRule. It returns false if arguments are missing.
func readSecRule(rest string, line int) (*secRule, bool) {
	args, ok := arguments(rest)
	r, isRule := parseSecRule(args, line)
	if !ok || !isRule {
		return nil, false
	}
	r.argument3 = r.argument
	if args, ok := splitArguments(rest, ""); ok {
		if other, isRule := parseSecRule(args, line); isRule {
			r.argument3 = other.argument
		}
	}
	return r, true
}

// parseSecRule makes a secRule of arguments. It returns false if arguments are missing.
func parseSecRule(args []string, line int) (*secRule, bool) {
	if len(args) < 2 {
		return nil, false
	}
	r := &secRule{line: line, variables: args[0], operator: "rx"}
	op := strings.TrimLeft(args[1], " ")
	if after, ok := strings.CutPrefix(op, "!"); ok {
		r.negated, op = true, after
	}
	r.argument = op
	if after, ok := strings.CutPrefix(op, "@"); ok {
		r.operator, r.argument, _ = strings.Cut(after, " ")
	}
	if len(args) > 2 {
		r.actions = secActions(args[2])
	}
	return r, true
}

// secActions splits actions at commas outside of single quotes.
func secActions(s string) []secAction {
	var list []secAction
	for s != "" {
		i, quoted := 0, false
		for ; i < len(s) && (quoted || s[i] != ','); i++ {
			switch s[i] {
			case '\\':
				i++
			case '\'':
				quoted = !quoted
			}
		}
		i = min(i, len(s))
		name, value, _ := strings.Cut(strings.TrimSpace(s[:i]), ":")
		if value = strings.TrimSpace(value); len(value) > 1 && value[0] == '\'' && value[len(value)-1] == '\'' {
			value = value[1 : len(value)-1]
		}
		if name != "" {
			list = append(list, secAction{strings.ToLower(name), value})
		}
		s = strings.TrimPrefix(s[i:], ",")
	}
	return list
}
