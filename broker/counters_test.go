package broker

import (
	"reflect"
	"strings"
	"testing"

	"trawl/edge/wire"
)

// Every counter is in the table, and has the same name in status and in metrics.
func TestCounterTableIsWhole(t *testing.T) {
	var c counters
	counted := map[*int64]string{&c.requests: "requests", &c.ok: "ok"} // by outcome
	for i := range counterTable {
		row := &counterTable[i]
		field := row.field(&c)
		if was := counted[field]; was != "" {
			t.Errorf("%s %s counts what %s does", row.name, row.reason, was)
		}
		counted[field] = row.name
		if row.status == nil {
			continue
		}
		var s wire.BrokerStatus
		*row.status(&s) = 1
		want := row.name
		if row.reason != "" {
			want = row.reason + "s"
		}
		for k := range reflect.TypeFor[wire.BrokerStatus]().NumField() {
			if reflect.ValueOf(s).Field(k).IsZero() {
				continue
			}
			if name, _, _ := strings.Cut(reflect.TypeFor[wire.BrokerStatus]().Field(k).Tag.Get("json"), ","); name != want {
				t.Errorf("%s is %s in status", want, name)
			}
		}
	}
	n := 0
	for k := range reflect.TypeFor[counters]().NumField() {
		if reflect.TypeFor[counters]().Field(k).Type.Kind() == reflect.Int64 {
			n++
		}
	}
	if n != len(counted) {
		t.Errorf("%d counters, %d of them in the table", n, len(counted))
	}
}

func TestCountersReachStatusAndMetrics(t *testing.T) {
	var c counters
	for i := range counterTable {
		*counterTable[i].field(&c) = int64(1000 + i)
	}
	var s wire.BrokerStatus
	c.writeTo(&s)
	var e promText
	e.counters(&c)
	for i := range counterTable {
		row := &counterTable[i]
		if row.status != nil && *row.status(&s) != int64(1000+i) {
			t.Errorf("%s %s is %d in status", row.name, row.reason, *row.status(&s))
		}
		line := "trawl_broker_" + row.name + "_total"
		if row.reason != "" {
			line += `{reason="` + row.reason + `"}`
		}
		if shown := strings.Contains(string(e.b), "\n"+line+" "+number(float64(1000+i))+"\n"); shown != (mCounters[i] != nil) {
			t.Errorf("%s: in metrics %v", line, shown)
		}
	}
}
