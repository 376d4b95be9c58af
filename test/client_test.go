// Clients in Python: the one that the documents show, and one with many
// requests under way.

package test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"trawl/edge/wire"
)

// documents show a REQ client in four lines of Python.
var documents = []string{"../edge/wire/PROTOCOL.md", "../README.md"}

// example returns the first Python client that a document shows, made to
// connect to endpoint.
func example(t *testing.T, document, endpoint string) string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```python\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if code := block[1]; strings.Contains(code, "zmq.REQ") && strings.Contains(code, historyText) {
			return regexp.MustCompile(`tcp://[^"':]+:5555`).ReplaceAllString(code, endpoint)
		}
	}
	t.Fatalf("%s shows no client", document)
	return ""
}

func TestDocumentedClientStartsFirst(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	for _, document := range documents {
		t.Run(filepath.Base(document), func(t *testing.T) {
			t.Parallel()
			f := newFleet(t, "")
			client := start(t, "client", nil, interpreter(), "-c", example(t, document, f.clients))
			knock(t, f.clients)
			f.broker(t)
			f.waitStatus(t, "the request waits", func(s *wire.Status) bool { return s.Broker.Pending == 1 })
			f.worker(t, "w1", f.history(t))
			if code := client.wait(t); code != 0 {
				t.Errorf("exit status %d", code)
			}
			if got := client.log.String(); got != historyAnswer+"\n" {
				t.Errorf("the client printed\n%swant\n%s", got, historyAnswer)
			}
		})
	}
}

func TestPipelinedClientStartsFirst(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	client := peer(t, "pipeline.py", f.clients, "2000", "64", "history")
	knock(t, f.clients)
	f.broker(t)
	f.waitStatus(t, "a window of requests waits", func(s *wire.Status) bool { return s.Broker.Pending == 64 })
	words := f.history(t)
	f.worker(t, "w1", words)
	f.worker(t, "w2", words)
	if code := client.wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
	client.waitLog(t, "answered 2000")
}
