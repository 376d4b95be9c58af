package config

import (
	"bytes"
	"strings"
	"testing"

	"trawl/edge/problem"
)

// Whatever the file holds, it is read or refused with a place, and what was
// read can be shown and read again without a problem.
func FuzzFile(f *testing.F) {
	for _, s := range []string{
		"", "---\n", "broker: {clients: [tcp://*:5555], insecure: true}\n", "worker:\n  rules: {a: [b, c]}\n  slots: 3 # c\n",
		"broker: {plain: [{endpoint: x, rules: y}], rule_sets: {z: {queue: 1}}}", "a: &a [*a]", "<<: {log: {level: info}}", "log: !!binary eA==",
		"watch: {sources: [{file: [a.log]}, {name: x, file: {paths: b, multiline: {start: x}}}, {journal: }, {syslog: {udp: '127.0.0.1:514'}}]}",
		"watch:\n  sinks:\n    - webhook: {format: ntfy, url: 'https://x/{rule}', token_file: t}\n      rate_limit: {interval: 1m}\n    - exec: {command: [/bin/x, '{text}']}\n    - file: e\n    - mqtt: {broker: 'mqtt://h'}\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := Default()
		var problems problem.Collector
		c.parseFile("f", data, &problems)
		if err := problems.Err(); err != nil {
			for _, p := range err.(problem.List) {
				if p.Message == "" || p.File != "f" && !strings.HasPrefix(p.Message, "and ") {
					t.Fatalf("bad problem %q", p)
				}
			}
			return
		}
		_ = c.Check()
		var shown bytes.Buffer
		if err := c.Show(&shown); err != nil {
			t.Fatal(err)
		}
		Default().parseFile("shown", shown.Bytes(), &problems)
		if err := problems.Err(); err != nil {
			t.Fatalf("%v\n%s", err, shown.Bytes())
		}
	})
}
