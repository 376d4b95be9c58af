// Package results writes the result frames of a worker's answers, and merges results of two workers.
//
// An [Encoder] writes the outcome of a scan in the format of the request, JSON or packed:
//
//	var e results.Encoder
//	e.Reset(pack, &header, limits.Answer)
//	r := pack.Scan(scratch, text, match.Query{Want: results.MatchWant(header.Want)})
//	frame := e.Text(nil, text, &r)
//
// [Merge] reads two results of a text, from this worker and from a worker with other rules, and
// writes the union with an Encoder: each format has a single writer.
//
//	encoder.go  Encoder: texts and lines, within a budget of bytes
//	json.go     the JSON format
//	packed.go   the packed format; edge/wire has the reader for clients
//	groups.go   texts matched by named groups
//	mask.go     texts with replaced matches
//	tally.go    matches counted by rule
//	read.go     results of other workers, in either format
//	merge.go    Merge
//
// The table of wants is in edge/wire; this package distinguishes shapes of results only. PROTOCOL.md
// describes both formats.
package results
