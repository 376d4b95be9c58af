package config

// What must hold for single values of watch.sources and watch.sinks. The functions return
// errors without a place, as values come from a file or from the command line.

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"trawl/edge/escape"
	"trawl/edge/template"
	"trawl/edge/zmtp"
)

func checkTemplate(s string) error {
	_, err := template.Parse(s)
	return err
}

// checkWebhook checks an address to post to. Fields of events may stand behind the host
// only: a log line must not choose the receiver.
func checkWebhook(s string) error {
	t, err := template.Parse(s)
	if err != nil {
		return err
	}
	prefix := t.Prefix()
	_, after, ok := strings.Cut(prefix, "://")
	if _, literal := t.Literal(); !literal && ok && !strings.ContainsAny(after, "/?#") {
		return escape.Errorf("%q has a field of events in its host; fields may stand behind https://HOST/ only", s)
	}
	u, err := url.Parse(prefix)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https":
		return escape.Errorf("%q is not an address to post to; write it like https://ntfy.sh/attic", s)
	case u.Hostname() == "":
		return escape.Errorf("%q has no host; write it like https://ntfy.sh/attic", s)
	}
	return nil
}

// checkMQTT checks the address of a broker of MQTT.
func checkMQTT(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme != "mqtt" && u.Scheme != "mqtts" || u.Opaque != "":
		return escape.Errorf("%q is not a broker of MQTT; write it like mqtt://ha.lan or mqtts://ha.lan:8883", s)
	case u.Hostname() == "":
		return escape.Errorf("%q has no host; write it like mqtt://ha.lan", s)
	case u.User != nil:
		return escape.Errorf("%q has a user; give it with user and password_file", u.Redacted())
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return escape.Errorf("%q has more than a host and a port; topics are given with topic or topics", s)
	}
	return nil
}

// checkTopic checks the template of a topic to publish to.
func checkTopic(s string) error {
	t, err := template.Parse(s)
	switch {
	case err != nil:
		return err
	case s == "":
		return fmt.Errorf("a topic must not be empty; write it like %s", DefaultWatchTopic)
	case strings.ContainsAny(s, "+#"):
		return escape.Errorf("%q has wildcards (+ or #), to which nothing can be published", s)
	case strings.HasPrefix(t.Prefix(), "$"):
		return escape.Errorf("%q begins with $, which brokers keep for themselves", s)
	case escape.Hides(s), len(s) > 1000:
		return escape.Errorf("%q is not a topic", s)
	}
	return nil
}

// checkSubscription checks topics to subscribe to (MQTT 3.1.1, section 4.7).
func checkSubscription(s string) error {
	if s == "" || escape.Hides(s) || len(s) > 1000 {
		return escape.Errorf("%q is not a topic", s)
	}
	levels := strings.Split(s, "/")
	for i, level := range levels {
		if strings.ContainsAny(level, "+#") && len(level) > 1 || level == "#" && i+1 < len(levels) {
			return escape.Errorf("%q: + and # stand for whole levels, and # only at the end", s)
		}
	}
	return nil
}

// checkCommand checks the words of a program to run.
func checkCommand(words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("needs a program, as in [/usr/local/lib/trawl/ban, \"{groups.ip}\"]")
	}
	for i, word := range words {
		t, err := template.Parse(word)
		if err != nil {
			return err
		}
		_, literal := t.Literal()
		_, name := t.Name()
		switch {
		case i == 0 && (!literal || !filepath.IsAbs(word)):
			return escape.Errorf("%q is not a program; write its whole path", word)
		case !literal && !name:
			return escape.Errorf("%q: a field of events must be an argument of its own, as in [PROGRAM, \"{text}\"]", word)
		case strings.Contains(word, "\x00"):
			return escape.Errorf("%q holds a NUL, which no argument can", word)
		}
	}
	return nil
}

// ownHeaders are the headers of the request itself.
var ownHeaders = []string{"host", "content-length", "transfer-encoding", "connection", "trailer", "upgrade"}

func checkHeader(name, value string) error {
	for _, c := range name {
		if c <= ' ' || c >= 0x7f || strings.ContainsRune("()<>@,;:\\\"/[]?={}", c) {
			return escape.Errorf("%q cannot be the name of a header", name)
		}
	}
	if name == "" || slices.Contains(ownHeaders, strings.ToLower(name)) {
		return escape.Errorf("the header %q cannot be set", name)
	}
	return checkTemplate(value)
}

// checkStart checks the pattern of first lines of records.
func checkStart(s string) error {
	if _, err := regexp.Compile(s); err != nil {
		return escape.Errorf("not a regular expression: %w", err)
	}
	return nil
}

func checkPattern(s string) error {
	if _, err := filepath.Match(s, "x"); err != nil {
		return escape.Errorf("%q is not a pattern of file names: %w", s, err)
	}
	return nil
}

// journalPriorities are the values of journalctl -p.
var journalPriorities = []string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

// checkWord checks a unit or an identifier for journalctl.
func checkWord(s string) error {
	if s == "" || escape.Hides(s) || len(s) > 255 {
		return escape.Errorf("%q is not a name", s)
	}
	return nil
}

// maxInterval bounds times of sinks.
const maxInterval = 7 * 24 * time.Hour

func checkInterval(d time.Duration) error {
	if d <= 0 || d > maxInterval {
		return fmt.Errorf("%v is not between 0 and %v", d, maxInterval)
	}
	return nil
}

func checkChoice(s string, choices ...string) error {
	if !slices.Contains(choices, s) {
		return escape.Errorf("%q is not one of %s", s, strings.Join(choices, ", "))
	}
	return nil
}

// checkLabel checks the name of a label.
func checkLabel(name string) error {
	if name == "" || len(name) > 64 || strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-'
	}) {
		return escape.Errorf("%q is not a label; it has letters, digits, _ and -", name)
	}
	return nil
}

// ParseSink reads a sink of the command line: ntfy:URL, slack:URL, json:URL or URL,
// mqtt://HOST[:PORT][/TOPIC], file:PATH, or - for standard output.
func ParseSink(s string) (WatchSink, error) {
	sink := WatchSink{}
	format, rest, _ := strings.Cut(s, ":")
	switch format {
	case "ntfy", "slack", "json":
		sink.Webhook = &WatchWebhook{Format: format, URL: rest}
	case "http", "https":
		sink.Webhook = &WatchWebhook{Format: "json", URL: s}
	case "mqtt", "mqtts":
		broker, topic, _ := strings.Cut(strings.TrimPrefix(rest, "//"), "/")
		sink.MQTT = &WatchPublish{Broker: format + "://" + broker, Topic: topic}
	case "file":
		if rest == "" {
			return sink, fmt.Errorf("file: needs a path, as in file:/var/log/trawl/events.jsonl")
		}
		path, err := filepath.Abs(rest)
		if err != nil {
			return sink, err
		}
		sink.File = &WatchOutput{Path: path}
	case "-":
		sink.Stdout = &WatchStdout{}
	default:
		return sink, escape.Errorf("%q is not a sink; there are ntfy:URL, slack:URL, json:URL, mqtt://HOST/TOPIC, file:PATH and -", s)
	}
	sink.Name = sink.Kind()
	sink.setDefaults()
	var err error
	if sink.Webhook != nil {
		err = checkWebhook(sink.Webhook.URL)
	}
	if sink.MQTT != nil {
		if err = checkMQTT(sink.MQTT.Broker); err == nil {
			err = checkTopic(sink.MQTT.Topic)
		}
	}
	return sink, err
}

// CheckSyslog checks an address to listen on for syslog, HOST:PORT.
func CheckSyslog(address string) error {
	if err := zmtp.CheckHostPort(address, true); err != nil {
		return escape.Errorf("address %s: %w", address, err)
	}
	return nil
}
