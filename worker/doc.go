// Package worker holds packs of rules and answers requests that brokers send
// it: it connects to every broker it is given, announces what it serves, and
// matches on as many requests at once as it has slots.
//
//	err := worker.Run(ctx, worker.Options{
//		Name:    "pi3",
//		Brokers: []string{"tcp://pi1:5556"},
//		Rules:   map[string]*match.Pack{"default": pack},
//	}) // until ctx ends or a broker says stop; then drains
//
// DESIGN.md says how it is built.
package worker
