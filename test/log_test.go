// The life of a request in the logs of all who have had it, at level debug.

package test

import (
	"regexp"
	"strings"
	"testing"
)

func TestRequestIsInAllLogsByItsID(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "")
	broker := f.broker(t, "--log-level", "debug")
	worker := start(t, "w", nil, f.command("worker", "--broker", f.workers, "--name", "w", "--rules", f.history(t), "--log-level", "debug")...)
	f.waitWorkers(t, 1)
	if out, log, code := f.run(t, "", "send", "--log-level", "debug", historyText); code != 0 || strings.TrimSpace(out) != historyAnswer ||
		!strings.Contains(log, `msg="request sent" id=1`) || !strings.Contains(log, `msg="answer received" id=1 worker=w`) {
		t.Errorf("send: %d %s\n%s", code, out, log)
	}
	broker.waitLog(t, " id=1")
	id := regexp.MustCompile(`msg="request accepted" request=([0-9a-f]{16}) client=127.*id=1`).FindStringSubmatch(broker.log.String())
	if id == nil {
		t.Fatalf("the broker did not log the request:\n%s", broker.log)
	}
	for _, p := range []*process{broker, worker} {
		p.waitLog(t, `msg="request answered"`)
		eventually(t, "the request is in the log of "+p.name, func() bool {
			return regexp.MustCompile(`msg="request answered".* request=` + id[1] + ` |msg="request answered" request=` + id[1] + " ").MatchString(p.log.String())
		})
	}
}
