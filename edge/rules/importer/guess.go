// What a file looks like, for those who name the wrong kind.

package importer

import "regexp"

// Guesses that are no kinds: a rule file of trawl itself, and what is not imported.
const (
	guessTrawl   = "trawl"
	guessAdblock = "adblock"
	guessPostfix = "postfix"
)

// notImported says of guesses why there is no kind for them.
var notImported = map[string]string{
	guessAdblock: "a list for ad blockers, which is not imported: its rules are about URLs and parts of pages; lists of the same names in the form of hosts files are (--from hosts)",
	guessPostfix: "a table of regexes for Postfix, which is not imported; put the regexes, without delimiters and actions, into a rule file",
}

var guessNames = map[string]string{
	"snort":    "Snort or Suricata rules",
	"yara":     "YARA rules",
	"crs":      "ModSecurity rules",
	"sigma":    "a Sigma rule",
	"fail2ban": "a fail2ban filter",

	"spamassassin": "SpamAssassin's rules",
	"hosts":        "a hosts file",
}

// marks are what no other kind has; all of a kind's must be there.
var marks = []struct {
	kind string
	all  []func() *regexp.Regexp
}{
	{"snort", regexps(`(?m)^[#\s]*(?:alert|log|pass|drop|reject|sdrop|rejectsrc|rejectdst|rejectboth)\s+\S+\s+\S+\s+\S+\s+(?:->|<>)\s+\S+\s+\S+\s*\(.*;`)},
	{"yara", regexps(`(?m)^\s*(?:(?:private|global)\s+)*rule\s+\w+\s*(?::[\w\s]+)?\s*(?:\{|$)`, `(?m)\bcondition\s*:`)},
	{"crs", regexps(`(?m)^\s*(?:SecRule|SecAction|SecMarker)\s`)},
	{"sigma", regexps(`(?m)^detection:`, `(?m)^(?:logsource|title):`)},
	{"fail2ban", regexps(`(?m)^\[(?:Definition|INCLUDES|DEFAULT|Init)\]`, `(?m)^(?:failregex|ignoreregex|prefregex|before|after|datepattern)\s*=`)},
	{"spamassassin", regexps(`(?m)^\s*(?:(?:raw)?body|full|uri|(?:mime)?header)\s+[A-Za-z_]\w*\s+(?:/.*/|m\W|eval:|exists:|\S+\s*[=!]~)`)},
	{guessAdblock, regexps(`(?m)^(?:\[Adblock|\|\|[\w.-]+\^|@@\|\|)`)},
	{guessPostfix, regexps(`(?m)^/.*/[imsxU]*\s+(?:REJECT|DISCARD|DUNNO|WARN|HOLD|FILTER|PREPEND|REDIRECT|OK)\b`)},
	{"hosts", regexps(`(?m)^(?:0\.0\.0\.0|127\.0\.0\.1|::1?)[ \t]+[\w-]+(?:\.[\w-]+)*[ \t\r]*(?:#.*)?$`)},
	{guessTrawl, regexps(`(?m)^rules:\s*$`, `(?m)^\s*- ?(?:id|regex|literal|words|hex): `)},
}

func regexps(list ...string) []func() *regexp.Regexp {
	var all []func() *regexp.Regexp
	for _, s := range list {
		all = append(all, onDemand(s))
	}
	return all
}

// guess is the kind that data looks like; empty if nothing stands out.
func guess(data []byte) string {
	const enough = 256 << 10 // bytes; the first rules tell
	data = data[:min(len(data), enough)]
	for _, m := range marks {
		found := true
		for _, re := range m.all {
			found = found && re().Match(data)
		}
		if found {
			return m.kind
		}
	}
	return ""
}
