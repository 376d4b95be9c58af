package snort

// The description of a Snort rule: message, class, priority, references.

import (
	"strconv"
	"strings"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/job"
)

// takeMeta copies the description of a rule.
func takeMeta(e *job.Entry, r *rule) {
	e.Base.Message = job.OneLine(unquote(r.first("msg")))
	if c := r.first("classtype"); c != "" {
		e.Base.Tags = []string{job.IDFrom(c)}
	}
	priority, err := strconv.Atoi(r.first("priority"))
	if err != nil {
		priority = classPriority.Get()[strings.ToLower(r.first("classtype"))]
	}
	e.Base.Severity = [...]string{"", "high", "medium", "low", "info"}[max(0, min(priority, 4))]
	e.AddData("header", r.header)
	var refs []string
	for _, o := range r.options {
		if o.name == "reference" && len(refs) < 16 {
			refs = append(refs, job.OneLine(unquote(o.value)))
		}
	}
	if refs != nil {
		e.Base.Data = append(e.Base.Data, job.Field{Key: "reference", List: refs})
	}
}

// classPriority maps Snort's classes to priorities (classification.config).
var classPriority = ondemand.Value[map[string]int]{Make: func() map[string]int {
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
