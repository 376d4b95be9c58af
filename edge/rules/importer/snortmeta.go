// What Snort's rules say about themselves.

package importer

import (
	"strconv"
	"strings"

	"trawl/edge/ondemand"
)

// snortMeta takes over what the rule says about itself.
func snortMeta(e *entry, r *snortRule) {
	e.base.Message = oneLine(snortText(r.first("msg")))
	if c := r.first("classtype"); c != "" {
		e.base.Tags = []string{idFrom(c)}
	}
	priority, err := strconv.Atoi(r.first("priority"))
	if err != nil {
		priority = snortPriority.Get()[strings.ToLower(r.first("classtype"))]
	}
	e.base.Severity = [...]string{"", "high", "medium", "low", "info"}[max(0, min(priority, 4))]
	e.data("header", r.header)
	var refs []string
	for _, o := range r.options {
		if o.name == "reference" && len(refs) < 16 {
			refs = append(refs, oneLine(snortText(o.value)))
		}
	}
	if refs != nil {
		e.base.Data = append(e.base.Data, Field{Key: "reference", List: refs})
	}
}

// snortPriority are the priorities of Snort's classes (classification.config).
var snortPriority = ondemand.Value[map[string]int]{Make: func() map[string]int {
	m := map[string]int{}
	for i, list := range []string{
		`attempted-admin attempted-user inappropriate-content policy-violation shellcode-detect successful-admin successful-user trojan-activity
			unsuccessful-user web-application-attack file-format malware-cnc client-side-exploit exploit-kit domain-c2 command-and-control
			credential-theft targeted-activity social-engineering coin-mining external-ip-check`,
		`attempted-dos attempted-recon bad-unknown default-login-attempt denial-of-service misc-attack non-standard-protocol rpc-portmap-decode
			successful-dos successful-recon-largescale successful-recon-limited suspicious-filename-detect suspicious-login system-call-detect
			unusual-client-port-connection web-application-activity pup-activity`,
		`icmp-event misc-activity network-scan not-suspicious protocol-command-decode string-detect unknown`,
		`tcp-connection`,
	} {
		for _, name := range strings.Fields(list) {
			m[name] = i + 1
		}
	}
	return m
}}
