// Package releases takes releases of rules for a worker: a [Taker] hears from brokers which releases
// the worker should have, fetches one at a time, checks it, and puts it in use.
//
//	t, err := releases.New(releases.Options{Folder: …, Sets: …})   // which release to begin with
//	sets, err := worker.OpenRuleSets(names, worker.Source{Open: t.Open, …}, log)
//	go t.Run(ctx, sets.Reload)
//	err = worker.Run(ctx, worker.Options{RuleSets: sets, Releases: t})
//	t.End()                                                        // in good order
//
// Connections call the methods of worker.Releases, which note what has come and wake Run. Run alone
// reads and writes the card. A worker without a broker goes on with what it has.
//
//	taker.go   what brokers say, and which release is to be taken
//	take.go    from the first chunk to the release in use
//	open.go    packs for the worker: of a release, or of the files until the first one
package releases
