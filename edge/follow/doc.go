// Package follow reads log files and standard input as records, for `trawl watch`. Positions
// survive crashes, and rotation neither loses nor doubles lines.
//
//	state, err := follow.OpenState("/run/trawl/watch", "/var/lib/trawl/watch") // nil: nothing is kept
//	f, err := follow.New(follow.Options{Source: "nginx", Paths: []string{"/var/log/nginx/*.log"}, State: state})
//	err = f.Run(ctx, func(b *follow.Batch) error { // the caller's goroutine, until ctx ends
//		for _, r := range b.Records {
//			…
//		}
//		b.Ack() // once the results are safe: here, later, from any goroutine
//		return nil
//	})
//	err = state.Close() // after the last Ack
//
//	err = follow.ReadInput(ctx, os.Stdin, options, take) // standard input
//
// The taker sets the pace: nothing is read before the taker returns. Batches may be
// acknowledged late and in any order. A position moves past a batch when the batch and all
// batches before were acknowledged. After a crash all unacknowledged records come again.
//
// A record is a line, or with [Options.Start] several. A record over 1 MiB comes in pieces.
//
// # Map
//
// A log is a path. Rotation gives a log one content after another. A content has an identity
// (inode, beginning, bytes before the position), by which the follower finds the content in
// renamed files, copies and compressed files. A poll looks at all paths; a turn reads from all
// open files; records fill a [Batch]; [Batch.Ack] moves the positions of the contents.
//
//	follow.go     Follower, Options, Status, problems
//	glob.go       patterns to paths
//	poll.go       one look at all paths: new, renamed, truncated and removed files
//	arrive.go     files new at a path, and the beginning of reading
//	search.go     rotated files: unread contents, unknown contents, unfinished copies
//	sibling.go    names of rotated files
//	candidate.go  an open file of unknown content
//	content.go    log, content, openFile; comparison of a file with a content
//	identity.go   identity of a content, and the entry in the positions
//	read.go       bytes of open files to batches
//	cutter.go     bytes to lines, records of several lines, pieces
//	encoding.go   UTF-16 and UTF-32, which are not read
//	unzip.go      gzip
//	record.go     Record, Batch, and the acknowledgements
//	input.go      standard input
//	keep.go       contents in memory and in the positions
//	state.go      State: folders, locks, restarts, reboots
//	slots.go      file of values with two copies each
//	cell.go       Cell: one small value for other sources
package follow
