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
// A custom worker is one with functions of its own in place of packs, or beside
// them (Options.Handle), which can ask other workers: see the example.
//
// DESIGN.md says how it is built.
package worker
