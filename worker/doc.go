// Package worker holds packs of rules and answers requests of brokers. A worker connects to each of
// its brokers, announces the rule sets, and matches as many requests at once as it has slots.
//
//	err := worker.Run(ctx, worker.Options{
//		Name:    "pi3",
//		Brokers: []string{"tcp://pi1:5556"},
//		Rules:   map[string]*match.Pack{"default": pack},
//	}) // until ctx ends or a broker says stop; then drains
//
// A custom worker has functions in place of packs, or beside packs (Options.Handle), and can ask
// other workers: see the example.
//
// The path of a request, a file for each step:
//
//	link.go      message of a broker  → job
//	queue.go     job                  → a goroutine with a slot
//	slot.go      texts                → matches; results/ writes the result frames
//	escalate.go  texts with matches   → other workers, and their results merged
//	handler.go   request              → a function in place of a pack; session.go: sub-requests
//	answer.go    results, or an error → the broker
//
// Beside the path: rulesets.go and reload.go (packs in use, loading again), heartbeat.go, costs.go,
// throttle.go (a hot board), health.go (reports to the service manager), trace.go, worker.go and
// options.go. DESIGN.md says why all this is as it is.
package worker
