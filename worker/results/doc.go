// Package results writes the result frames of a worker's answers, and makes one result of two.
//
// An [Encoder] writes what the matcher found as JSON or in the packed format, which is what the
// request asks for:
//
//	var e results.Encoder
//	e.Reset(pack, &header, limits.Answer)
//	r := pack.Scan(scratch, text, match.Query{Want: results.MatchWant(header.Want)})
//	frame := e.Text(nil, text, &r)
//
// [Merge] reads two results of one text, of this worker and of one that knows other rules, and
// writes their union with an Encoder. So each format has one writer.
//
//	encoder.go  Encoder: texts and lines, within a budget of bytes
//	json.go     the JSON format
//	packed.go   the packed format, whose reader for clients is in edge/wire
//	groups.go   what named groups matched
//	mask.go     texts with their matches replaced
//	tally.go    matches counted by rule
//	read.go     results of either format, read by the names of their rules
//	merge.go    Merge
//
// What differs from want to want stands in the table of edge/wire; this package distinguishes
// shapes of results only. PROTOCOL.md describes both formats.
package results
