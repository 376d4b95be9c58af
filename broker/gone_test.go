package broker

import (
	"fmt"
	"testing"
	"time"
)

// Workers that come once and never again cost a bounded amount of memory; those
// gone last are still waited for.
func TestNamesOfThoseLongGoneAreForgotten(t *testing.T) {
	d := newDirect(t, Options{ExpectRules: []string{"expected"}})
	for i := range 3 * maxGone {
		w := d.worker(fmt.Sprint("w", i), 1, true, fmt.Sprint("set", i))
		d.r.leaveFleet(w.worker, d.out())
		d.now = d.now.Add(time.Millisecond)
	}
	if n := len(d.r.targets); n > maxGone+maxGone/8 {
		t.Errorf("%d names are known", n)
	}
	d.advance(time.Minute) // names never seen are not waited for any more
	c := d.client()
	for id, name := range map[string]string{"first": "set0", "last": fmt.Sprint("set", 3*maxGone-1), "expected": "expected"} {
		d.send(c, id, fmt.Sprintf(`{"rules":%q,"deadline_ms":60000}`, name), "text")
	}
	if got := fmt.Sprint(c.answers()); got != "map[first:[unknown_rules]]" {
		t.Errorf("answered %v", got)
	}
}
