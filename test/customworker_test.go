// The program of docs/examples/custom-worker.

package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	needs "trawl/test/need"
)

// customWorker is the program, built once.
func customWorker(t *testing.T) string {
	t.Helper()
	path, err := buildCustomWorker()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var buildCustomWorker = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "custom-worker")
	argv, env := []string{"-o", path, "../docs/examples/custom-worker"}, []string(nil)
	if os.Getenv("TRAWL_RACE") != "" {
		argv, env = append([]string{"-race"}, argv...), []string{"CGO_ENABLED=1"}
	}
	if out, err := needs.GoBuild("", env, argv...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// A custom worker's answer is what the example says, and its program runs.
func TestCustomWorkerProgram(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "")
	f.broker(t)
	f.worker(t, "words", f.history(t))
	censor := start(t, "censor", nil, customWorker(t), "--broker", f.workers, "--name", "censor", "--ask", "words")
	f.waitWorkers(t, 2)
	out, stderr, _ := f.run(t, "", "send", "--worker", "censor", historyText)
	var got struct {
		Asked  string
		Answer json.RawMessage
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || got.Asked != "words" || string(got.Answer) != historyAnswer {
		t.Errorf("%v: %s%s", err, out, stderr)
	}
	censor.terminate(t)
}
