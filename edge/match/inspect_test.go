package match

import (
	"strings"
	"testing"
)

func TestInspect(t *testing.T) {
	t.Parallel()
	var i Inspector
	for _, tt := range []struct {
		expr            string
		noCase          bool
		needs           string
		reason          string
		common, givenUp bool
	}{
		{expr: `error [0-9]+ .*(?:lost|timed out)`, needs: `"error " AND ("lost" OR "timed out")`},
		{expr: `\bDE\d{20}\b`, needs: `"DE"`, common: true},
		{expr: `(?i)failed`, needs: `"FAILED"`},
		{expr: `failed`, noCase: true, needs: `"FAILED"`},
		{expr: `[0-9]{3}`, reason: "it has no literal, only classes of characters"},
		{expr: `[0-9]+(?:abc)?`, reason: "no literal is in all of its matches"},
		{expr: `x[0-9]`, reason: `its literals are too short or too common: `},
		{expr: `abcd|[0-9]+`, reason: `a part of it can match without any literal: [0-9]+`},
		{expr: `a.*z|a`, reason: "its literals are too short or too common: ", givenUp: true},
		{expr: `foo(?:.*bar)?`, needs: `"foo"`, givenUp: true},
		{expr: `foo.*bar`, needs: `"foo" AND "bar"`},
		{expr: `^foo(?:.*bar)?`, needs: `"foo"`},
		{expr: `(a*)*bcde`, needs: `"bcde"`},
		{expr: `xyz.{900}w`, needs: `"xyz"`},
		{expr: `begin((a{1,10}){1,10}){1,10}end`, needs: `"begin" AND "end"`, givenUp: true},
		{expr: `x.{1000}w`, reason: "its literals are too short or too common: "},
		{expr: `[ab].{900}w`, reason: "its literals are too short or too common: "},
	} {
		info, trial, err := i.Inspect(tt.expr, tt.noCase)
		if err != nil {
			t.Fatal(err)
		}
		needs := ""
		if info.Needs != nil {
			needs = info.Needs.String()
		}
		if needs != tt.needs || !strings.HasPrefix(info.Reason, tt.reason) || info.Common() != tt.common || trial.GivenUp != tt.givenUp {
			t.Errorf("%s needs %s, %s, common %v, %+v", tt.expr, needs, info.Reason, info.Common(), trial)
		}
		if trial.Instructions == 0 || trial.ProgramBytes == 0 || trial.States == 0 || trial.StateBytes < 4*trial.States || trial.MostSteps == 0 {
			t.Errorf("%s: %+v", tt.expr, trial)
		}
	}
}
