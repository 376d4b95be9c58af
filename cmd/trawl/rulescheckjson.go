package main

// What rules check prints for programs. Its keys stay as they are; RULES.md
// describes them.

import (
	"bytes"
	"encoding/json"

	"trawl/edge/match"
	"trawl/edge/rules"
)

type checkJSON struct {
	Name  string         `json:"name,omitempty"`
	Files []checkFile    `json:"files"`
	Rules []checkRule    `json:"rules"`
	Sum   checkSum       `json:"summary"`
	Kinds []checkWarning `json:"advice"`
}

type checkFile struct {
	File     string `json:"file"`
	Kind     string `json:"kind"`
	Name     string `json:"name,omitempty"`
	Rules    int    `json:"rules"`
	Literals int    `json:"literals"`
	Regexes  int    `json:"regexes"`
	Blank    int    `json:"blank_lines"`
	Merged   int    `json:"repeated_lines"`
	Hint     string `json:"hint,omitempty"` // what a word list looks like instead
}

type checkRule struct {
	Rule     string         `json:"rule"`
	File     string         `json:"file"`
	Line     int            `json:"line,omitempty"`
	Kind     string         `json:"kind"` // regex or literals
	Literals int            `json:"literals,omitempty"`
	Requires *requirement   `json:"requires,omitempty"`
	Folded   bool           `json:"requires_any_case,omitempty"`
	Rarity   int            `json:"requires_rarity_bits,omitempty"`
	Reason   string         `json:"requires_nothing_because,omitempty"`
	Cost     *checkCost     `json:"cost,omitempty"`
	Warnings []checkWarning `json:"warnings,omitempty"`
}

// requirement has exactly one key.
type requirement struct {
	Literal string         `json:"literal,omitempty"`
	All     []*requirement `json:"all,omitempty"`
	Any     []*requirement `json:"any,omitempty"`
}

type checkCost struct {
	RunsOn       string  `json:"runs_on"` // every text, or texts with what is required
	Instructions int     `json:"instructions"`
	Program      int     `json:"program_bytes"`
	Prefilter    int     `json:"prefilter_bytes"`
	States       int     `json:"dfa_states"`
	StateBytes   int     `json:"dfa_bytes"`
	CacheShare   float64 `json:"dfa_cache_share"`
	TrialBytes   int     `json:"trial_text_bytes"`
	Steps        int64   `json:"steps"`
	Allowed      int64   `json:"steps_allowed"`
	GivenUp      bool    `json:"given_up"`
}

type checkWarning struct {
	Kind    string `json:"kind"`
	Message string `json:"message,omitempty"`
	Advice  string `json:"advice,omitempty"`
}

type checkSum struct {
	Rules        int   `json:"rules"`
	Literals     int   `json:"literals"`
	Regexes      int   `json:"regexes"`
	Unhinted     int   `json:"unhinted_regexes"`
	Warned       int   `json:"rules_with_warnings"`
	Programs     int64 `json:"program_bytes"`
	ProgramsMost int64 `json:"program_bytes_kept"`
	Prefilter    int64 `json:"prefilter_bytes"`
	States       int64 `json:"dfa_bytes_per_slot"`
}

func (a *app) printCheckJSON(found *rules.Inspection, all bool) error {
	costs := found.Costs()
	out := checkJSON{
		Name: found.Name, Files: []checkFile{}, Rules: []checkRule{}, Kinds: []checkWarning{},
		Sum: checkSum{
			found.Report.Rules, found.Literals, costs.Regexes, costs.Unhinted, costs.Warned,
			costs.ProgramBytes, match.ProgramsSize, costs.PrefilterBytes, costs.StateBytes,
		},
	}
	for i := range found.Files {
		f := &found.Files[i]
		out.Files = append(out.Files, checkFile{f.Path, f.Kind, f.Name, f.Rules, f.Literals, f.Regexes, f.Blank, f.Merged, wordListHint(f)})
	}
	for i := range found.Rules {
		if r := &found.Rules[i]; all || r.Literals == 0 || len(r.Warnings) > 0 {
			out.Rules = append(out.Rules, checkRuleJSON(r))
		}
	}
	for _, k := range rules.WarningKinds() {
		out.Kinds = append(out.Kinds, checkWarning{Kind: string(k), Advice: k.Advice()})
	}
	return a.printObject(out)
}

func checkRuleJSON(r *rules.RuleReport) checkRule {
	out := checkRule{Rule: r.ID, File: r.File, Line: r.Line, Kind: "literals", Literals: r.Literals}
	for _, w := range r.Warnings {
		out.Warnings = append(out.Warnings, checkWarning{Kind: string(w.Kind), Message: w.Message})
	}
	if r.Literals > 0 {
		return out
	}
	t := &r.Trial
	out.Kind, out.Requires, out.Folded, out.Rarity, out.Reason = "regex", requirementJSON(r.Info.Needs), r.Info.Folded, r.Info.Rarity, r.Info.Reason
	out.Cost = &checkCost{
		"texts with what is required", t.Instructions, t.ProgramBytes, t.PrefilterBytes, t.States, t.StateBytes,
		float64(t.StateBytes) / match.CacheSize, match.TrialText, t.MostSteps, t.Allowed, t.GivenUp,
	}
	if r.Info.Needs == nil {
		out.Cost.RunsOn = "every text"
	}
	return out
}

func requirementJSON(r *match.Requirement) *requirement {
	if r == nil {
		return nil
	}
	out := &requirement{Literal: r.Literal}
	for _, part := range r.All {
		out.All = append(out.All, requirementJSON(part))
	}
	for _, part := range r.Any {
		out.Any = append(out.Any, requirementJSON(part))
	}
	return out
}

// printObject prints v as one line of JSON.
func (a *app) printObject(v any) error {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	a.printJSON(bytes.TrimSuffix(line.Bytes(), []byte("\n")))
	return nil
}
