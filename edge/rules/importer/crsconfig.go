// Directives of ModSecurity that change rules: defaults, removals, updates.

package importer

import (
	"slices"
	"strconv"
	"strings"
)

const (
	whyRemoved = "removed by SecRuleRemoveById"
	whyUpdated = "finds other: what SecRuleUpdateActionById changes is not changed"

	asideInclude = "Include and IncludeOptional, which are not followed: name those files or their folders, too"
	asideChanges = "SecRuleRemoveByTag, SecRuleRemoveByMsg and SecRuleUpdateTarget…, which change other rules, and are not applied"
)

// crsConfig is what directives say about rules in any of the files.
type crsConfig struct {
	defaults map[string][]string // transformations, by phase
	removed  []idRange
	updated  []idRange
}

// idRange is from one id to another.
type idRange struct{ from, to int }

// idRanges reads ids and ranges such as 920100-920199.
func idRanges(args []string) []idRange {
	var list []idRange
	for _, arg := range args {
		for field := range strings.FieldsFuncSeq(arg, func(r rune) bool { return r == ' ' || r == ',' }) {
			first, last, isRange := strings.Cut(field, "-")
			from, err := strconv.Atoi(first)
			to := from
			if isRange && err == nil {
				to, err = strconv.Atoi(last)
			}
			if err == nil {
				list = append(list, idRange{from, to})
			}
		}
	}
	return list
}

func inRanges(list []idRange, id string) bool {
	n, err := strconv.Atoi(id)
	return err == nil && slices.ContainsFunc(list, func(r idRange) bool { return r.from <= n && n <= r.to })
}

func phaseOf(r *secRule) string {
	phase, _ := r.action("phase")
	switch strings.ToLower(phase) {
	case "", "request":
		return "2"
	case "response":
		return "4"
	case "logging":
		return "5"
	}
	return phase
}

// directive reads what is no SecRule.
func (c *crsConfig) directive(j *job, name, rest string) {
	args, _ := arguments(rest)
	switch name = strings.ToLower(name); {
	case name == "secaction" || name == "secmarker":
		j.aside.add("SecAction and SecMarker")
		return
	case name == "include" || name == "includeoptional":
		j.aside.add(asideInclude)
		return
	case name == "secruleremovebyid":
		c.removed = append(c.removed, idRanges(args)...)
	case name == "secruleupdateactionbyid" && len(args) > 0:
		c.updated = append(c.updated, idRanges(args[:1])...)
	case strings.HasPrefix(name, "secruleremove"), strings.HasPrefix(name, "secruleupdate"):
		j.aside.add(asideChanges)
		return
	case name == "secdefaultaction" && len(args) > 0:
		r := &secRule{actions: secActions(args[0])}
		if c.defaults == nil {
			c.defaults = map[string][]string{}
		}
		c.defaults[phaseOf(r)] = r.values("t")
	}
	j.aside.add("other directives")
}

// finishCRS applies what was said about rules by their ids, wherever it stands.
func finishCRS(j *job) {
	if len(j.crs.removed)+len(j.crs.updated) == 0 {
		return
	}
	var kept []Rule
	at := 0
	for i := range j.findings {
		f := &j.findings[i]
		made := j.rules[at : at+f.written]
		at += f.written
		switch {
		case f.status != skipped && inRanges(j.crs.removed, f.id):
			f.status, f.reasons, f.remarks, f.written = skipped, []reason{{whyRemoved, ""}}, nil, 0
			continue
		case f.status != skipped && inRanges(j.crs.updated, f.id):
			f.status, f.reasons = inPart, append(f.reasons, reason{whyUpdated, ""})
		}
		kept = append(kept, made...)
	}
	j.rules = kept
}
