package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestEscalate(t *testing.T) {
	c, err := load(t, `worker:
  rules: {default: [a.txt], pii: [b.yaml]}
  escalate:
    - {rules: default, when: any, to: heavy}
    - {rules: pii, when: {severity: [high, critical], tags: [bank]}, to: {worker: pi4}}
    - rules: pii
      to: {worker: pi5, rules: heavy@abcdefabcdef}
`)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	want := []Escalation{
		{Rules: "default", To: "heavy", line: 4},
		{Rules: "pii", Severity: []string{"high", "critical"}, Tags: []string{"bank"}, Worker: "pi4", line: 5},
		{Rules: "pii", Worker: "pi5", To: "heavy@abcdefabcdef", line: 6},
	}
	if !reflect.DeepEqual(c.Worker.Escalate, want) {
		t.Errorf("got %+v", c.Worker.Escalate)
	}
}

func TestEscalateErrorsNameLineAndKey(t *testing.T) {
	for file, want := range map[string]string{
		"escalate: heavy":                                  "trawl.yaml:3: worker.escalate: must be a list",
		"escalate: [heavy]":                                "trawl.yaml:3: worker.escalate.1: must hold rules, when and to",
		"escalate: [{when: any}]":                          "trawl.yaml:3: worker.escalate.1: needs to",
		"escalate:\n  - {to: heavy}\n  - {too: heavy}":     "trawl.yaml:5: unknown key worker.escalate.2.too; there are rules, to and when",
		"escalate: [{to: heavy, when: often}]":             "trawl.yaml:3: worker.escalate.1.when: must be any,",
		"escalate: [{to: heavy, when: {tags: []}}]":        "trawl.yaml:3: worker.escalate.1.when.tags: needs at least one",
		"escalate: [{to: heavy, when: {severity: [bad]}}]": `trawl.yaml:3: worker.escalate.1.when.severity: severity "bad" is not one of info,`,
		"escalate: [{to: heavy, when: {rule: x}}]":         "trawl.yaml:3: unknown key worker.escalate.1.when.rule; there are severity and tags",
		"escalate: [{to: {name: x}}]":                      "trawl.yaml:3: unknown key worker.escalate.1.to.name; there are rules and worker",
		"escalate: [{to: a b}]":                            `trawl.yaml:3: worker.escalate.1: "a b" is not a name`,
		"escalate: [{rules: heavy, to: x}]":                `trawl.yaml:3: worker.escalate.1: the worker has no rule set "heavy" (worker.rules); it has default, pii`,
		"escalate: [{to: x}, {to: pii}]":                   "trawl.yaml:3: worker.escalate.2: texts would be sent on in a circle: default to pii to pii;",
		"escalate: [{to: {worker: me}}]":                   "trawl.yaml:3: worker.escalate.1: texts would be sent on in a circle: default to default;",
		"escalate:\n  - {rules: default, to: pii}\n  - {rules: pii, to: default@abcdefabcdef}": "trawl.yaml:5: worker.escalate.2: texts would be sent on in a circle: default to pii to default;",
	} {
		c, err := load(t, "worker:\n  rules: {default: [a.txt], pii: [b.yaml]}\n  "+strings.ReplaceAll(file, "\n", "\n  ")+"\n  name: me\n")
		got := ""
		if err == nil {
			err = c.Check()
		}
		if err != nil {
			got = err.Error()
			if i := strings.Index(got, "trawl.yaml"); i > 0 {
				got = got[i:]
			}
		}
		if !strings.HasPrefix(got, want) || strings.Contains(got, "\n") {
			t.Errorf("%s:\ngot  %s\nwant %s", file, got, want)
		}
	}
}
