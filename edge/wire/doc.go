// Package wire holds the messages of trawl on top of ZeroMQ frames: requests and answers of clients,
// and what a broker and its workers say to each other. PROTOCOL.md describes them for people who
// write a client or a worker in another language; HTTP.md describes the broker over HTTP.
//
// A client's request is an envelope ([SplitEnvelope]), then either one frame, the text, or a header
// ([RequestHeader]) and one frame for each text:
//
//	h := wire.NewRequestHeader()
//	h.ID, h.HasID = "1", true
//	m := zmtp.NewMessage(h.Append(nil), text)
//
// The messages, each group in a file of its own:
//
//	header.go      client → broker     envelope and header of a request
//	headerkeys.go                      the table of header keys
//	want.go                            the table of wants: what a request can ask of a text
//	answer.go      broker → client     header of an answer, error answers
//	errors.go                          the table of error codes
//	packed.go      worker → client     results in the packed format, read
//	status.go      broker → client     documents of control requests
//	control.go     broker ↔ worker     control frames: request, reply, sub-request, reclaim, …
//	worker.go      broker ↔ worker     hello, welcome, update
//	stats.go       worker → broker     counters and costs that come with heartbeats
//	json.go                            JSON, written without reflection
//
// The broker reads envelopes and headers only; texts and results pass through it as they came. So
// this package does not know the matcher: package worker/results writes result frames.
//
// What the tables say stands on pages, too: pages_test.go holds PROTOCOL.md, HTTP.md,
// docs/clients.md and the package comment of edge/client to them.
package wire
