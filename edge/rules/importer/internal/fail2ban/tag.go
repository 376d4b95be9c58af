package fail2ban

// fail2ban's tags: <HOST>, <F-USER> and so on. What they match is a named group, so that an answer
// can say who it was: ip and host of <HOST>, user of <F-USER>.

import (
	"strings"

	"trawl/edge/ondemand"
)

// hostTags are the tags that fail2ban has regexes for; of digits it takes all as
// addresses that Python's \d has, and finds out later that they are none. (Its regex for IPv6 ends in
// a look-behind for a colon, which always holds there.)
var hostTags = ondemand.Value[map[string]string]{Make: func() map[string]string {
	const (
		ip4 = `(?:::f{4,6}:)?(?P<ip>(?:[0-9]{1,3}\.){3}[0-9]{1,3})`
		ip6 = `(?P<ip>(?:[0-9a-fA-F]{1,4}::?|::){1,7}(?:[0-9a-fA-F]{1,4}|:))`
	)
	addr := `\[?(?:` + ip4 + `|` + ip6 + `)\]?`
	dns := `(?P<host>[\w.^-]*\w)`
	m := map[string]string{
		"HOST": `(?:` + addr + `|` + dns + `)`, "ADDR": addr, "IP4": ip4, "IP6": ip6, "DNS": dns, "CIDR": `(?P<cidr>[0-9]+)`,
		"SUBNET": `\[?(?:` + ip4 + `|` + ip6 + `)(?:/[0-9]+)?\]?`,
	}
	for _, name := range []string{"IP4", "IP6", "ADDR", "CIDR", "SUBNET", "DNS"} {
		m[name] = "(?:" + m[name] + ")"
		m["F-"+name+"/"] = m[name]
	}
	m["F-ID/"], m["F-PORT/"] = `(?P<id>\S+)`, `(?P<port>\w+)`
	return m
}}

var (
	regexTag  = ondemand.Regexp{Expr: `</?[\w-]+/?>`}
	customTag = ondemand.Regexp{Expr: `^(/?)F-([A-Z0-9_-]+)$`}
)

// expandTags replaces <HOST> and its like by their regexes and <F-NAME>…</F-NAME> by
// groups, called name.
func expandTags(src string) string {
	open := map[string]bool{}
	return regexTag.Get().ReplaceAllStringFunc(src, func(tag string) string {
		name := tag[1 : len(tag)-1]
		if re, ok := hostTags.Get()[name]; ok {
			return re
		}
		m := customTag.Get().FindStringSubmatch(name)
		switch {
		case m == nil:
			return tag
		case m[1] == "":
			open[m[2]] = true
			return "(?P<" + groupName(m[2]) + ">"
		case open[m[2]]:
			return ")"
		}
		return tag
	})
}

// groupName is the group of <F-NAME>. fail2ban takes <F-ALT_USER>, <F-ALT_USER1> and so on for the
// user where <F-USER> has none.
func groupName(tag string) string {
	name := strings.ReplaceAll(strings.ToLower(tag), "-", "_")
	if alt, ok := strings.CutPrefix(name, "alt_"); ok {
		if alt = strings.TrimRight(alt, "_0123456789"); alt != "" {
			return alt
		}
	}
	return name
}
