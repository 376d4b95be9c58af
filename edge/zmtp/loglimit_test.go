package zmtp

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLogLimitsLinesByMessageAndSaysHowManyAreMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out logBuffer
		log := LimitLog(out.logger())
		for i := range 3 * warnLines {
			log.With("peer", i).Warn("it is bad") // loggers made from it share the limit
			log.Info("as usual")
		}
		log.Warn("it is worse") // another message is not kept from the log
		text := out.String()
		if n := strings.Count(text, "it is bad"); n != warnLines {
			t.Errorf("%d warnings, want %d", n, warnLines)
		}
		if n := strings.Count(text, "as usual"); n != 3*warnLines {
			t.Errorf("%d lines of level info, want all %d", n, 3*warnLines)
		}
		if !strings.Contains(text, "it is worse") {
			t.Error("the first line of another message is missing")
		}
		time.Sleep(logWindow)
		synctest.Wait()
		if want := fmt.Sprintf("suppressed=%d", 2*warnLines); strings.Count(out.String(), want) != 1 {
			t.Errorf("the log does not say once %s:\n%s", want, out.String())
		}
		log.Warn("it is bad", "peer", "the next")
		if !strings.Contains(out.String(), "the next") {
			t.Error("nothing is logged in the next window")
		}
		time.Sleep(2 * logWindow)
		synctest.Wait()
		if n := strings.Count(out.String(), "suppressed="); n != 1 {
			t.Errorf("%d lines say that something was suppressed, want 1", n)
		}
	})
}

func TestFlushedLogHasNothingUnsaid(t *testing.T) {
	var out logBuffer
	log := LimitLog(out.logger())
	if LimitLog(log) != log {
		t.Error("a limited logger is limited once more")
	}
	for range warnLines + 7 {
		log.Error("it is bad")
	}
	FlushLog(log)
	if !strings.Contains(out.String(), "suppressed=7") {
		t.Errorf("log:\n%s", out.String())
	}
}
