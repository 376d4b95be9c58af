package crs

// Directives of ModSecurity about rules of the whole rule set: defaults, removals, updates.

import (
	"slices"
	"strconv"
	"strings"

	"trawl/edge/rules/importer/internal/job"
)

const (
	whyRemoved = "removed by SecRuleRemoveById"
	whyUpdated = "finds other: what SecRuleUpdateActionById changes is not changed"

	asideInclude = "Include and IncludeOptional, which are not followed: name those files or their folders, too"
	asideChanges = "SecRuleRemoveByTag, SecRuleRemoveByMsg and SecRuleUpdateTarget…, which change other rules, and are not applied"
)

// config holds what the directives of all files say about rules.
type config struct {
	defaults map[string][]string // transformations, by phase
	removed  []idRange
	updated  []idRange
}

// idRange includes both ids.
type idRange struct{ from, to int }

// idRanges reads ids and ranges such as 920100-920199. Words that are neither are passed over.
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

// directive reads a directive other than SecRule.
func (c *config) directive(j *job.Job, name, rest string) {
	args, _ := arguments(rest)
	switch name = strings.ToLower(name); {
	case name == "secaction" || name == "secmarker":
		j.PassedOver.Add("SecAction and SecMarker")
		return
	case name == "include" || name == "includeoptional":
		j.PassedOver.Add(asideInclude)
		return
	case name == "secruleremovebyid":
		c.removed = append(c.removed, idRanges(args)...)
	case name == "secruleupdateactionbyid" && len(args) > 0:
		c.updated = append(c.updated, idRanges(args[:1])...)
	case strings.HasPrefix(name, "secruleremove"), strings.HasPrefix(name, "secruleupdate"):
		j.PassedOver.Add(asideChanges)
		return
	case name == "secdefaultaction" && len(args) > 0:
		r := &secRule{actions: secActions(args[0])}
		if c.defaults == nil {
			c.defaults = map[string][]string{}
		}
		c.defaults[phaseOf(r)] = r.values("t")
	}
	j.PassedOver.Add("other directives")
}

// Finish applies removals and updates to the rules found, in whichever order files name both.
func (c *config) Finish(j *job.Job) {
	if len(c.removed)+len(c.updated) == 0 {
		return
	}
	j.Revise(func(id string) (why string, drop bool) {
		switch {
		case inRanges(c.removed, id):
			return whyRemoved, true
		case inRanges(c.updated, id):
			return whyUpdated, false
		}
		return "", false
	})
}
