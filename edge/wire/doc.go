// Package wire holds the messages of trawl on top of ZeroMQ frames: requests and answers of clients,
// and messages between brokers and workers. PROTOCOL.md is for authors of clients and workers in
// other languages; HTTP.md describes the broker over HTTP.
//
// A client's request is an envelope ([SplitEnvelope]), then either a single frame, the text, or a
// header ([RequestHeader]) and a frame for each text:
//
//	h := wire.NewRequestHeader()
//	h.ID, h.HasID = "1", true
//	m := zmtp.NewMessage(h.Append(nil), text)
//
// The files, by message:
//
//	header.go      client → broker     envelope and header of a request
//	headerkeys.go                      the table of header keys
//	want.go                            the table of wants: matches, rules, first, count, any
//	answer.go      broker → client     header of an answer, error answers
//	errors.go                          the table of error codes
//	packed.go      worker → client     results in the packed format, read
//	status.go      broker → client     documents of control requests
//	control.go     broker ↔ worker     control frames: request, reply, sub-request, reclaim, …
//	worker.go      broker ↔ worker     hello, welcome, update
//	stats.go       worker → broker     counters and costs, sent with heartbeats
//	json.go                            JSON, written without reflection
//
// The broker reads envelopes and headers only; texts and results pass through unchanged. This
// package does not know the matcher: package worker/results writes result frames.
//
// The pages PROTOCOL.md, HTTP.md, docs/clients.md and the package comment of edge/client repeat the
// tables. pages_test.go compares.
package wire
