// What a file looks like, for those who name the wrong kind.

package importer

import "regexp"

// guessTrawl is the guess for a rule file of trawl itself.
const guessTrawl = "trawl"

var guessNames = map[string]string{
	"snort":    "Snort or Suricata rules",
	"yara":     "YARA rules",
	"crs":      "ModSecurity rules",
	"sigma":    "a Sigma rule",
	"fail2ban": "a fail2ban filter",
}

// marks are what no other kind has; all of a kind's must be there.
var marks = []struct {
	kind string
	all  []*regexp.Regexp
}{
	{"snort", regexps(`(?m)^[#\s]*(?:alert|log|pass|drop|reject|sdrop|rejectsrc|rejectdst|rejectboth)\s+\S+\s+\S+\s+\S+\s+(?:->|<>)\s+\S+\s+\S+\s*\(.*;`)},
	{"yara", regexps(`(?m)^\s*(?:(?:private|global)\s+)*rule\s+\w+\s*(?::[\w\s]+)?\s*(?:\{|$)`, `(?m)\bcondition\s*:`)},
	{"crs", regexps(`(?m)^\s*(?:SecRule|SecAction|SecMarker)\s`)},
	{"sigma", regexps(`(?m)^detection:`, `(?m)^(?:logsource|title):`)},
	{"fail2ban", regexps(`(?m)^\[(?:Definition|INCLUDES|DEFAULT|Init)\]`, `(?m)^(?:failregex|ignoreregex|prefregex|before|after|datepattern)\s*=`)},
	{guessTrawl, regexps(`(?m)^rules:\s*$`, `(?m)^\s*- ?(?:id|regex|literal|words|hex): `)},
}

func regexps(list ...string) []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, s := range list {
		all = append(all, regexp.MustCompile(s))
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
			found = found && re.Match(data)
		}
		if found {
			return m.kind
		}
	}
	return ""
}
