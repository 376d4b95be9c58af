package fail2ban

// fail2ban's tags: <HOST>, <F-USER> and so on.

import (
	"trawl/edge/ondemand"
)

// hostTags are the tags that fail2ban has regexes for; of digits it takes all as
// addresses that Python's \d has, and finds out later that they are none. (Its regex for IPv6 ends in
// a look-behind for a colon, which always holds there.)
var hostTags = ondemand.Value[map[string]string]{Make: func() map[string]string {
	const (
		ip4 = `(?:::f{4,6}:)?(?:[0-9]{1,3}\.){3}[0-9]{1,3}`
		ip6 = `(?:[0-9a-fA-F]{1,4}::?|::){1,7}(?:[0-9a-fA-F]{1,4}|:)`
		dns = `[\w.^-]*\w`
	)
	addr := `\[?(?:` + ip4 + `|` + ip6 + `)\]?`
	m := map[string]string{
		"HOST": `(?:` + addr + `|` + dns + `)`, "ADDR": addr, "IP4": ip4, "IP6": ip6, "DNS": dns, "CIDR": `[0-9]+`,
		"SUBNET": `\[?(?:` + ip4 + `|` + ip6 + `)(?:/[0-9]+)?\]?`,
	}
	for _, name := range []string{"IP4", "IP6", "ADDR", "CIDR", "SUBNET", "DNS"} {
		m[name] = "(?:" + m[name] + ")"
		m["F-"+name+"/"] = m[name]
	}
	m["F-ID/"], m["F-PORT/"] = `\S+`, `\w+`
	return m
}}

var (
	regexTag  = ondemand.Regexp{Expr: `</?[\w-]+/?>`}
	customTag = ondemand.Regexp{Expr: `^(/?)F-([A-Z0-9_-]+)$`}
)

// expandTags replaces <HOST> and its like by their regexes and <F-NAME>…</F-NAME> by
// groups.
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
			return "("
		case open[m[2]]:
			return ")"
		}
		return tag
	})
}
