// Package brokerstore keeps the releases of a broker in a folder: what was pushed, how far each
// rollout has come, and what was there before.
//
//	s, err := brokerstore.Open(folder, 256<<20, log)
//	missing, err := s.Begin(release)            // room is made and reserved, or ErrBusy
//	err = s.Put(hash, compressed)               // for each that is missing
//	err = s.Commit(release, plan)               // from here on the release is there, also after a power cut
//	err = s.Update("pii", (*release.Rollouts).…) // go, pause, retry, steps that end
//	part, last, err := s.Read(hash, offset, n)  // for a worker
//
// # On disk
//
//	chunks/HASH           compressed bytes, shared by all releases
//	sets/SET/8-HASH       head of a release: document and signature
//	sets/SET/state.json   rollouts and history
//
// Each file is written beside its place, synced and renamed, and its folder is synced. state.json comes
// last: a release that is not in state.json is not there, and Open removes what is left of it. A release
// is dropped in the opposite order. Nothing is written because time passes.
package brokerstore
