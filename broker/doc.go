// Package broker takes requests in, picks a worker for each, and sends the
// answers back. Every request that was read whole gets exactly one answer,
// whatever happens to workers in between; see DESIGN.md for how.
//
//	b, err := broker.Listen(broker.Options{
//		Clients: []string{"tcp://127.0.0.1:5555"},
//		Workers: []string{"tcp://127.0.0.1:5556"},
//	})
//	err = b.Serve(ctx) // until ctx ends or a client says stop; then drains
package broker
