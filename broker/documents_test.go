package broker

import (
	"fmt"
	"strings"
	"testing"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

func helloOf(name string, sets int) *wire.Hello {
	h := &wire.Hello{Name: name}
	for i := range sets {
		h.Rules = append(h.Rules, wire.ServedRules{Name: fmt.Sprint("set ", i), Scan: strings.Repeat("s", 100)})
	}
	return h
}

func TestDocumentsCountUntilTheWorkerIsGone(t *testing.T) {
	budget := new(zmtp.Budget)
	d := newDocuments(budget, 1<<20)
	a, b := helloOf("a", 100), helloOf("b", 100)
	da := d.take(a)
	one := budget.Held()
	if da == nil || one < 100*(100+targetCost) {
		t.Fatalf("a hello with 100 rule sets counts %d bytes", one)
	}
	db := d.take(b)
	if &a.Rules[0] != &b.Rules[0] {
		t.Error("equal rule sets are kept twice")
	}
	if more := budget.Held() - one; more > 1000 {
		t.Errorf("rule sets that were said before count %d bytes more", more)
	}
	sets, ok := db.update([]wire.ServedRules{{Name: "another"}})
	if !ok || len(sets) != 1 || !da.noteCosts(5000) || !da.noteCosts(3000) {
		t.Fatal("there is no memory")
	}
	da.release()
	db.release()
	if budget.Held() != 0 || len(d.rules) != 0 {
		t.Errorf("%d bytes and %d rule sets are kept of workers that are gone", budget.Held(), len(d.rules))
	}
}

func TestDocumentsTakeHalfTheMemoryAtMost(t *testing.T) {
	const memory = 1 << 20
	budget := new(zmtp.Budget)
	d := newDocuments(budget, memory)
	var taken []*document
	for i := range 100 {
		h := helloOf("w", 50)
		h.Rules[0].Name = fmt.Sprint("own ", i)
		if c := d.take(h); c != nil {
			taken = append(taken, c)
		}
	}
	if held := budget.Held(); held > memory/2 || held < memory/3 || len(taken) == 100 {
		t.Errorf("%d workers are let in, which say %d bytes", len(taken), held)
	}
	if _, ok := taken[0].update(helloOf("", 400).Rules); ok {
		t.Error("an update found memory that is not there")
	}
	if taken[0].noteCosts(memory) {
		t.Error("costs found memory that is not there")
	}
	for _, c := range taken {
		c.release()
	}
	if budget.Held() != 0 {
		t.Errorf("%d bytes are kept of workers that are gone", budget.Held())
	}
}
