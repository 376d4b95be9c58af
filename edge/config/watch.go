package config

// The typed settings of `trawl watch`.

import (
	"time"

	"go.yaml.in/yaml/v3"
)

// Watch holds the settings of `trawl watch`.
type Watch struct {
	Name     string // `board` in events
	Rules    []string
	StateDir string // empty: see keys.go
	HTTP     string // HOST:PORT; off or empty: no port
	Sources  []WatchSource
	Sinks    []WatchSink
}

// WatchSource is a source. Exactly one pointer is set.
type WatchSource struct {
	Name    string // unique; by default the kind
	Labels  map[string]string
	File    *WatchFiles
	Journal *WatchJournal
	Syslog  *WatchSyslog
	MQTT    *WatchTopics
	Stdin   *WatchStdin

	node *yaml.Node // of the file, with absolute paths
}

// WatchFiles are files to follow.
type WatchFiles struct {
	Paths   []string // absolute patterns
	Exclude []string
	Start   string // regular expression of first lines of records; empty: each line is a record
	From    string // end, beginning
}

// WatchJournal chooses entries of the journal; empty fields let all through.
type WatchJournal struct {
	Units, Identifiers []string
	Priority           string
	From               string // end, beginning
}

// WatchSyslog says where to listen for syslog; an empty address is not listened at.
type WatchSyslog struct{ UDP, TCP string }

// WatchTopics are topics of MQTT to subscribe to.
type WatchTopics struct {
	Broker       string
	Topics       []string
	User         string
	PasswordFile string
	Retained     bool // retained messages are taken, too
}

// WatchStdin is standard input.
type WatchStdin struct{ Start string }

// WatchSink is a sink. Exactly one pointer is set.
type WatchSink struct {
	Name      string // unique; by default the kind
	Filter    WatchFilter
	RateLimit WatchRateLimit
	WhenFull  string   // block, drop_oldest
	Include   []string // line
	Webhook   *WatchWebhook
	Exec      *WatchExec
	MQTT      *WatchPublish
	File      *WatchOutput
	Stdout    *WatchStdout

	node *yaml.Node // of the file, with absolute paths
}

// WatchFilter chooses events with a member of each list that is not empty.
type WatchFilter struct{ Severity, Tags, Rules []string }

// WatchRateLimit says how often events of a kind are told; Interval 0: always.
type WatchRateLimit struct {
	Interval time.Duration
	GroupBy  []string // names of fields
	Burst    int
}

// WatchWebhook is an address to post to. Texts are templates.
type WatchWebhook struct {
	Format      string // json, ntfy, slack
	URL         string
	TokenFile   string
	Template    string
	Title       string
	Headers     map[string]string
	Timeout     time.Duration
	HeaderNames []string // of Headers, in the order of the file
}

// WatchExec is a program to run.
type WatchExec struct {
	Command []string // literal words, or a name in braces each
	Timeout time.Duration
}

// WatchPublish publishes over MQTT. Texts are templates.
type WatchPublish struct {
	Broker       string
	Topic        string
	Template     string // empty: the event as JSON
	User         string
	PasswordFile string
	Retain       bool
}

// WatchOutput is a file of JSON lines.
type WatchOutput struct{ Path string }

// WatchStdout is standard output.
type WatchStdout struct{ Format string } // text, json

// Defaults of templates.
const (
	DefaultWatchTemplate = "{board}: {message}\n{line}"
	DefaultWatchTitle    = "{rule} on {board}"
	DefaultWatchTopic    = "trawl/{board}/{rule}"
)

// Kind names the pointer that is set.
func (s *WatchSource) Kind() string {
	switch {
	case s.File != nil:
		return "file"
	case s.Journal != nil:
		return "journal"
	case s.Syslog != nil:
		return "syslog"
	case s.MQTT != nil:
		return "mqtt"
	case s.Stdin != nil:
		return "stdin"
	}
	return ""
}

// Kind names the pointer that is set.
func (s *WatchSink) Kind() string {
	switch {
	case s.Webhook != nil:
		return "webhook"
	case s.Exec != nil:
		return "exec"
	case s.MQTT != nil:
		return "mqtt"
	case s.File != nil:
		return "file"
	case s.Stdout != nil:
		return "stdout"
	}
	return ""
}

// setDefaults fills in the defaults of the sink's kind.
func (s *WatchSink) setDefaults() {
	if s.WhenFull == "" {
		s.WhenFull = "block"
		if s.Webhook != nil || s.Exec != nil {
			s.WhenFull = "drop_oldest"
		}
	}
	if w := s.Webhook; w != nil {
		if w.Format == "" {
			w.Format = "json"
		}
		if w.Template == "" {
			w.Template = DefaultWatchTemplate
		}
		if w.Title == "" {
			w.Title = DefaultWatchTitle
		}
	}
	if s.MQTT != nil && s.MQTT.Topic == "" {
		s.MQTT.Topic = DefaultWatchTopic
	}
	if s.Stdout != nil && s.Stdout.Format == "" {
		s.Stdout.Format = "text"
	}
}
