package importer

// Guesses at the kind of a file, for users who name the wrong kind.

import (
	"trawl/edge/ondemand"
)

// Guesses that are not kinds: a rule file of trawl, and kinds that cannot be imported.
const (
	guessTrawl   = "trawl"
	guessAdblock = "adblock"
	guessPostfix = "postfix"
)

// notImported says why there is no kind for a guess.
var notImported = ondemand.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		guessAdblock: "a list for ad blockers, which is not imported: its rules are about URLs and parts of pages; lists of the same names in the form of hosts files are (--from hosts)",
		guessPostfix: "a table of regexes for Postfix, which is not imported; put the regexes, without delimiters and actions, into a rule file",
	}
}}

var guessNames = ondemand.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		"snort":    "Snort or Suricata rules",
		"yara":     "YARA rules",
		"crs":      "ModSecurity rules",
		"sigma":    "a Sigma rule",
		"fail2ban": "a fail2ban filter",

		"spamassassin": "SpamAssassin's rules",
		"hosts":        "a hosts file",
	}
}}

// marks are the regexes that tell a kind from others; a file must match all marks of the kind.
var marks = []struct {
	kind string
	all  []*ondemand.Regexp
}{
	{"snort", []*ondemand.Regexp{{Expr: `(?m)^[#\s]*(?:alert|log|pass|drop|reject|sdrop|rejectsrc|rejectdst|rejectboth)\s+\S+\s+\S+\s+\S+\s+(?:->|<>)\s+\S+\s+\S+\s*\(.*;`}}},
	{"yara", []*ondemand.Regexp{{Expr: `(?m)^\s*(?:(?:private|global)\s+)*rule\s+\w+\s*(?::[\w\s]+)?\s*(?:\{|$)`}, {Expr: `(?m)\bcondition\s*:`}}},
	{"crs", []*ondemand.Regexp{{Expr: `(?m)^\s*(?:SecRule|SecAction|SecMarker)\s`}}},
	{"sigma", []*ondemand.Regexp{{Expr: `(?m)^detection:`}, {Expr: `(?m)^(?:logsource|title):`}}},
	{"fail2ban", []*ondemand.Regexp{{Expr: `(?m)^\[(?:Definition|INCLUDES|DEFAULT|Init)\]`}, {Expr: `(?m)^(?:failregex|ignoreregex|prefregex|before|after|datepattern)\s*=`}}},
	{"spamassassin", []*ondemand.Regexp{{Expr: `(?m)^\s*(?:(?:raw)?body|full|uri|(?:mime)?header)\s+[A-Za-z_]\w*\s+(?:/.*/|m\W|eval:|exists:|\S+\s*[=!]~)`}}},
	{guessAdblock, []*ondemand.Regexp{{Expr: `(?m)^(?:\[Adblock|\|\|[\w.-]+\^|@@\|\|)`}}},
	{guessPostfix, []*ondemand.Regexp{{Expr: `(?m)^/.*/[imsxU]*\s+(?:REJECT|DISCARD|DUNNO|WARN|HOLD|FILTER|PREPEND|REDIRECT|OK)\b`}}},
	{"hosts", []*ondemand.Regexp{{Expr: `(?m)^(?:0\.0\.0\.0|127\.0\.0\.1|::1?)[ \t]+[\w-]+(?:\.[\w-]+)*[ \t\r]*(?:#.*)?$`}}},
	{guessTrawl, []*ondemand.Regexp{{Expr: `(?m)^rules:\s*$`}, {Expr: `(?m)^\s*- ?(?:id|regex|literal|words|hex): `}}},
}

// guess returns the kind that data looks like; empty if nothing stands out.
func guess(data []byte) string {
	const enough = 256 << 10 // bytes; the first rules tell
	data = data[:min(len(data), enough)]
	for _, m := range marks {
		found := true
		for _, re := range m.all {
			found = found && re.Get().Match(data)
		}
		if found {
			return m.kind
		}
	}
	return ""
}
