// Package workerstore keeps the releases of a worker in a folder that all workers of a board
// share: the last good one and the newest of each rule set, and what each worker has met with.
//
//	s := workerstore.Open(folder, "pi3", match.FormatVersion, log)
//	start, err := s.Start("pii", trust)         // which release to begin with; perhaps none
//
//	in, err := s.Begin(release)                 // a new one: what is there already is not fetched again
//	for chunk, ok := in.Next(); ok; chunk, ok = in.Next() {
//		err = in.Append(plain)                  // fetched, inflated and held against its hash
//	}
//	stored, err := in.Commit()                  // after its examples have passed: now the release is there
//
//	err = s.Use(stored)                         // before the pack is opened: it may end the process
//	err = s.Confirm(stored)                     // after release.GoodAfter: the last good one from now on
//	err = s.End("pii")                          // the process ends in good order
//
// # On disk
//
//	SET/8-HASH            head: document and signature; comes last
//	SET/8-HASH.NAME       a member
//	SET/8-HASH=FORMAT     a pack that was compiled on the board, because its program has another format
//	SET/worker.ID         what a worker has met with
//	SET/lock              held while files are changed
//	SET/fetching          held by the one worker that fetches
//
// A file whose name ends with ~ is not whole. Each file is synced before its name, and the folder after it.
package workerstore
