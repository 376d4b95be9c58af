// Package follow reads log files and standard input as records, for `trawl watch`. Its
// positions survive crashes, and its readers neither lose nor double lines when files are
// rotated.
//
//	state, err := follow.OpenState("/run/trawl/watch", "/var/lib/trawl/watch") // nil: nothing is kept
//	f, err := follow.New(follow.Options{Source: "nginx", Paths: []string{"/var/log/nginx/*.log"}, State: state})
//	err = f.Run(ctx, func(b *follow.Batch) error { // the caller's goroutine, until ctx ends
//		for _, r := range b.Records {
//			…
//		}
//		b.Ack() // once what came of the records is safe: here, later, from any goroutine
//		return nil
//	})
//	err = state.Close() // after the last Ack
//
//	err = follow.ReadInput(ctx, os.Stdin, options, take) // the same for standard input
//
// The taker sets the pace: while it does not return, nothing is read. Batches may be
// acknowledged late and in any order. A position moves past a batch when that batch and
// all before it were acknowledged; a taker that never acknowledges one gets it again after
// a restart. After a crash every record that was not acknowledged comes again.
//
// A record is a line, or with [Options.Start] several. One over 1 MiB comes in pieces.
package follow
