package config

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
)

const wholeWatch = `watch:
  name: attic
  rules: [default, pii]
  state_dir: /var/lib/trawl/watch
  sources:
    - file: {paths: ["/var/log/nginx/*.log"], exclude: ["*.gz"], multiline: {start: '^\S'}, from: beginning}
      labels: {site: home}
    - name: syslog
      file: /var/log/syslog
    - journal: {units: [ssh, docker], priority: warning}
    - name: router
      syslog: {udp: "127.0.0.1:5514", tcp: "127.0.0.1:5601"}
    - mqtt: {broker: "mqtt://ha.lan", topics: ["zigbee2mqtt/#", "+/state"], user: trawl, password_file: /etc/trawl/mqtt}
    - stdin: {}
  sinks:
    - name: phone
      filter: {severity: [high, critical], tags: [auth], rules: [default]}
      webhook: {format: ntfy, url: "https://ntfy.sh/attic", token_file: /etc/trawl/ntfy.token, template: "{board}: {message} {text}", headers: {X-Tags: "{tags}"}}
      rate_limit: {interval: 10m, group_by: [rule, board], burst: 2}
    - name: ban
      filter: {tags: [ban]}
      exec: {command: [/usr/local/lib/trawl/ban, "{groups.ip}"], timeout: 5s}
    - mqtt: {broker: "mqtts://ha.lan:8883", retain: true}
      when_full: drop_oldest
    - file: /var/log/trawl/events.jsonl
      include: [line]
    - stdout: {format: json}
`

func TestWatchSections(t *testing.T) {
	c, err := load(t, wholeWatch)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	for i := range c.Watch.Sources {
		c.Watch.Sources[i].node = nil
	}
	for i := range c.Watch.Sinks {
		c.Watch.Sinks[i].node = nil
	}
	want := Watch{
		Name: "attic", Rules: []string{"default", "pii"}, StateDir: "/var/lib/trawl/watch", HTTP: "off",
		Sources: []WatchSource{
			{Name: "file", Labels: map[string]string{"site": "home"}, File: &WatchFiles{Paths: []string{"/var/log/nginx/*.log"}, Exclude: []string{"*.gz"}, Start: `^\S`, From: "beginning"}},
			{Name: "syslog", File: &WatchFiles{Paths: []string{"/var/log/syslog"}, From: "end"}},
			{Name: "journal", Journal: &WatchJournal{Units: []string{"ssh", "docker"}, Priority: "warning", From: "end"}},
			{Name: "router", Syslog: &WatchSyslog{UDP: "127.0.0.1:5514", TCP: "127.0.0.1:5601"}},
			{Name: "mqtt", MQTT: &WatchTopics{Broker: "mqtt://ha.lan", Topics: []string{"zigbee2mqtt/#", "+/state"}, User: "trawl", PasswordFile: "/etc/trawl/mqtt"}},
			{Name: "stdin", Stdin: &WatchStdin{}},
		},
		Sinks: []WatchSink{
			{
				Name: "phone", Filter: WatchFilter{Severity: []string{"high", "critical"}, Tags: []string{"auth"}, Rules: []string{"default"}},
				RateLimit: WatchRateLimit{Interval: 10 * time.Minute, GroupBy: []string{"rule", "board"}, Burst: 2}, WhenFull: "drop_oldest",
				Webhook: &WatchWebhook{
					Format: "ntfy", URL: "https://ntfy.sh/attic", TokenFile: "/etc/trawl/ntfy.token", Template: "{board}: {message} {text}",
					Title: DefaultWatchTitle, Headers: map[string]string{"X-Tags": "{tags}"}, HeaderNames: []string{"X-Tags"},
				},
			},
			{Name: "ban", Filter: WatchFilter{Tags: []string{"ban"}}, WhenFull: "drop_oldest", Exec: &WatchExec{Command: []string{"/usr/local/lib/trawl/ban", "{groups.ip}"}, Timeout: 5 * time.Second}},
			{Name: "mqtt", WhenFull: "drop_oldest", MQTT: &WatchPublish{Broker: "mqtts://ha.lan:8883", Topic: DefaultWatchTopic, Retain: true}},
			{Name: "file", WhenFull: "block", Include: []string{"line"}, File: &WatchOutput{Path: "/var/log/trawl/events.jsonl"}},
			{Name: "stdout", WhenFull: "block", Stdout: &WatchStdout{Format: "json"}},
		},
	}
	if !reflect.DeepEqual(c.Watch, want) {
		t.Errorf("got  %+v\nwant %+v", c.Watch, want)
	}
}

// What config show prints of a watch means the same when it is read again, wherever it lies.
func TestWatchShown(t *testing.T) {
	c, err := load(t, strings.ReplaceAll(wholeWatch, "/etc/trawl/ntfy.token", "ntfy.token"))
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	if err := c.Show(&shown); err != nil {
		t.Fatal(err)
	}
	again, err := load(t, shown.String())
	if err != nil {
		t.Fatalf("%v\n%s", err, shown.Bytes())
	}
	for _, w := range []*Watch{&c.Watch, &again.Watch} {
		for i := range w.Sources {
			w.Sources[i].node = nil
		}
		for i := range w.Sinks {
			w.Sinks[i].node = nil
		}
	}
	if !reflect.DeepEqual(c.Watch, again.Watch) || !strings.HasSuffix(c.Watch.Sinks[0].Webhook.TokenFile, "/ntfy.token") {
		t.Errorf("%+v\n%+v\n%s", c.Watch, again.Watch, shown.Bytes())
	}
}

// Every mistake is named with its line, and what to write instead.
func TestWatchMistakes(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"watch: {sources: 3}", "trawl.yaml:1: watch.sources: must be a list, as in [{file: "},
		{"watch:\n  sources:\n    - name: x", "trawl.yaml:3: watch.sources.1: needs one of file, journal, syslog, mqtt and stdin"},
		{"watch:\n  sources:\n    - file: [/a]\n      stdin: {}", "watch.sources.1: has more than one of"},
		{"watch:\n  sources:\n    - file: [/a]\n    - file: [/b]", "trawl.yaml:4: watch.sources.2: there is a file already; give each a name"},
		{"watch:\n  sources:\n    - {name: x, file: [/a]}\n    - {name: x, file: [/b]}", "there is a x already; each needs a name of its own"},
		{"watch:\n  sources:\n    - file:\n        paths: ['[']", "trawl.yaml:4: watch.sources.1.file.paths: \"[\" is not a pattern of file names"},
		{"watch:\n  sources:\n    - file: {exclude: [x]}", "watch.sources.1.file: needs paths"},
		{"watch:\n  sources:\n    - file: {paths: [/a], multiline: {start: '('}}", "multiline.start: not a regular expression"},
		{"watch:\n  sources:\n    - file: {paths: [/a], from: middle}", `"middle" is not one of end, beginning`},
		{"watch:\n  sources:\n    - file: {path: [/a]}", "unknown key watch.sources.1.file.path; there are exclude, from, multiline, paths"},
		{"watch:\n  sources:\n    - syslog: {}", "watch.sources.1.syslog: needs udp or tcp"},
		{"watch:\n  sources:\n    - syslog: {udp: '514'}", "is a port without a host"},
		{"watch:\n  sources:\n    - mqtt: {broker: ha.lan, topics: [x]}", `"ha.lan" is not a broker of MQTT; write it like mqtt://ha.lan`},
		{"watch:\n  sources:\n    - mqtt: {broker: 'mqtt://u:p@h', topics: [x]}", "has a user; give it with user and password_file"},
		{"watch:\n  sources:\n    - mqtt: {broker: 'mqtt://h', topics: [a/b#]}", "+ and # stand for whole levels"},
		{"watch:\n  sources:\n    - journal: {priority: loud}", `"loud" is not one of emerg, `},
		{"watch:\n  sources:\n    - {file: [/a], labels: {'a b': c}}", `"a b" is not a label`},
		{"watch:\n  sinks:\n    - name: x\n      webhook: {format: ntfy, url: 'https:///x'}", `trawl.yaml:4: watch.sinks.1.webhook.url: "https:///x" has no host`},
		{"watch:\n  sinks:\n    - webhook: {url: ntfy.sh/attic}", `"ntfy.sh/attic" is not an address to post to`},
		{"watch:\n  sinks:\n    - webhook: {url: 'https://{text}/x'}", "has a field of events in its host"},
		{"watch:\n  sinks:\n    - webhook: {url: 'https://evil{text}'}", "has a field of events in its host"},
		{"watch:\n  sinks:\n    - webhook:\n        format: slack\n        url: https://x/\n        template: '{txt}'", "trawl.yaml:6: watch.sinks.1.webhook.template: unknown name {txt}; there are id, "},
		{"watch:\n  sinks:\n    - webhook: {url: 'https://x', template: x}", "format json sends the event as it is"},
		{"watch:\n  sinks:\n    - webhook: {format: slack, url: 'https://x', title: x}", "title is for format ntfy"},
		{"watch:\n  sinks:\n    - webhook: {format: teams, url: 'https://x'}", `"teams" is not one of json, ntfy, slack`},
		{"watch:\n  sinks:\n    - webhook: {url: 'https://x', headers: {Host: y}}", `the header "Host" cannot be set`},
		{"watch:\n  sinks:\n    - webhook: {url: 'https://x', headers: {\"a\\nb\": y}}", "cannot be the name of a header"},
		{"watch:\n  sinks:\n    - webhook: {url: 'https://x', timeout: 1h}", "1h0m0s is not between 100ms and 10m"},
		{"watch:\n  sinks:\n    - exec: {command: [sh, -c, '{text}']}", `"sh" is not a program; write its whole path`},
		{"watch:\n  sinks:\n    - exec: {command: [/bin/sh, -c, 'echo {text}']}", "a field of events must be an argument of its own"},
		{"watch:\n  sinks:\n    - exec: {command: ['{text}']}", "is not a program"},
		{"watch:\n  sinks:\n    - exec: {command: /bin/true}", "must be a list of words"},
		{"watch:\n  sinks:\n    - mqtt: {broker: 'mqtt://h', topic: 'a/#'}", "has wildcards"},
		{"watch:\n  sinks:\n    - mqtt: {broker: 'mqtt://h', topic: '$SYS/x'}", "begins with $"},
		{"watch:\n  sinks:\n    - mqtt: {topic: a}", "watch.sinks.1.mqtt: needs a broker"},
		{"watch:\n  sinks:\n    - file: {}", "watch.sinks.1.file: needs a path"},
		{"watch:\n  sinks:\n    - stdout: {format: xml}", `"xml" is not one of text, json`},
		{"watch:\n  sinks:\n    - {stdout: {}, filter: {severity: [loud]}}", `"loud" is not one of info, low, `},
		{"watch:\n  sinks:\n    - {stdout: {}, rate_limit: {group_by: [rule]}}", "rate_limit: needs an interval"},
		{"watch:\n  sinks:\n    - {stdout: {}, rate_limit: {interval: 10m, group_by: [rul]}}", "unknown name {rul}"},
		{"watch:\n  sinks:\n    - {stdout: {}, rate_limit: {interval: 10m, burst: 0}}", "0 is not between 1 and 10000"},
		{"watch:\n  sinks:\n    - {stdout: {}, when_full: panic}", `"panic" is not one of block, drop_oldest`},
		{"watch: {rules: []}", "watch.rules: needs a rule set"},
		{"watch: {sources: &x [*x]}", "must be a mapping with some of"},
	} {
		conf, err := load(t, c.file)
		if err == nil {
			err = conf.Check()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q:\n%v\nlacks %q", c.file, err, c.want)
		}
	}
}

func TestParseSink(t *testing.T) {
	for _, c := range []struct{ sink, kind, detail string }{
		{"ntfy:https://ntfy.sh/attic", "webhook", "https://ntfy.sh/attic"},
		{"https://example.org/hook", "webhook", "https://example.org/hook"},
		{"mqtt://ha.lan", "mqtt", DefaultWatchTopic},
		{"mqtt://ha.lan:1884/house/{rule}", "mqtt", "house/{rule}"},
		{"file:/var/log/x", "file", "/var/log/x"},
		{"-", "stdout", "text"},
	} {
		s, err := ParseSink(c.sink)
		if err != nil || s.Kind() != c.kind {
			t.Errorf("%s: %+v, %v", c.sink, s, err)
			continue
		}
		detail := ""
		switch {
		case s.Webhook != nil:
			detail = s.Webhook.URL
		case s.MQTT != nil:
			detail = s.MQTT.Topic
		case s.File != nil:
			detail = s.File.Path
		case s.Stdout != nil:
			detail = s.Stdout.Format
		}
		if detail != c.detail {
			t.Errorf("%s: %q", c.sink, detail)
		}
	}
	for sink, want := range map[string]string{
		"":               `"" is not a sink; there are ntfy:URL`,
		"gopher://x":     "is not a sink",
		"ntfy:attic":     "is not an address to post to",
		"mqtt://":        "has no host",
		"mqtt://h/a/#":   "has wildcards",
		"file:":          "needs a path",
		"https://{text}": "has a field of events in its host",
	} {
		if _, err := ParseSink(sink); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", sink, err)
		}
	}
}
