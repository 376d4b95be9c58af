// Package release holds signed, numbered releases of rules for a whole fleet: what a release is,
// who may sign one, and the rules by which brokers and workers agree on one.
//
//	d := &release.Document{Set: "pii", Number: 8, …}
//	r, err := release.Sign(d, &key)                  // a Release: document and signature
//	err = release.Write(w, r, open)                  // pii-8.release, with all chunks
//
//	file, err := release.NewReader(f)                // each chunk is held against its hash
//	signer, err := trust.Verify(file.Release)        // who may sign what is in a trust file
//
// # What is signed
//
// A [Document] names the rule set, a number, and the members of a bundle: the pack and its sources.
// Members are cut into chunks, which the document names by their SHA-256. A document has one
// encoding, and its hash breaks the tie between two releases of one number. How a release is rolled out
// is not signed: that is a wire.Plan.
//
// # Who takes what
//
// A broker has [Rollouts] for each rule set. They say which release a worker should have (Goal), and go
// from canaries to all when the workers are content (Advance). A worker takes the highest [Version] that a
// broker offers and its trust file allows, see [Choose], unless the release has ended the worker's process
// too often, see [Crashes]. All of these are functions of what is known: they have no clock, no
// disk and no connection, so a test can play fleets through.
//
//	document.go  hash.go          the document, hashes, versions
//	chunk.go  file.go             chunks, the release file
//	release.go  sign.go           signatures and signing keys, of minisign's format
//	trust.go  trustfile.go        which keys may sign what
//	rollout.go  judge.go          a broker's side of agreement
//	choose.go  crash.go           a worker's side
//	brokerstore/  workerstore/    what either keeps on its disk
//	fetch/                        how chunks get from brokers to workers
package release
