// Package scan matches files and streams against the rules of a broker and
// prints what was found, as grep does.
//
//	summary, matched, err := scan.Run(ctx, client, []string{"app.log"}, scan.Options{Overlap: 40},
//		os.Stdin, os.Stdout, os.Stderr)
//
// The way of the data, each step in a file of its own:
//
//	walk.go      arguments and folders      → one file after the other
//	source.go    a file, or a slow stream   → bytes
//	blocks.go    bytes                      → batches of whole lines
//	pieces.go    a line that is too long    → pieces that overlap
//	pipeline.go  batches                    → answers, several asked at once, in input order
//	result.go    a result, packed or JSON   → outcomes
//	answer.go    an answer                  → lines with their matches
//	print.go     lines                      → the output of a mode
//	mask.go      all lines, masked          → the output of the mode Mask
//
// One goroutine reads, Options.InFlight ask, and the caller's goroutine
// prints. A fixed set of batches goes round between them, so memory does not
// depend on the input, and whatever is printed, to stdout or stderr, comes in
// the order of the input.
package scan
