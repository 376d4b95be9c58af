package config

import (
	"bytes"
	"testing"
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
		if ps := c.parseFile("f", data); len(ps) > 0 {
			for _, p := range ps {
				wholeFile := p.Origin == "f" // one that is no text has no lines
				if p.Message == "" || !wholeFile && len(p.Origin) < len("f:1") {
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
		if ps := Default().parseFile("shown", shown.Bytes()); len(ps) > 0 {
			t.Fatalf("%v\n%s", ps, shown.Bytes())
		}
	})
}
