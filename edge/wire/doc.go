// Package wire holds the messages of trawl on top of ZeroMQ frames: the
// requests and answers of clients, and what a broker and its workers say to
// each other. PROTOCOL.md describes them for people who write a client or a
// worker in another language; this package is the same in Go.
//
// A client's request is an envelope (SplitEnvelope), then either one frame,
// the text, or a header (RequestHeader) and one frame per text:
//
//	h := wire.NewRequestHeader()
//	h.ID, h.HasID = "1", true
//	m := zmtp.NewMessage(h.Append(nil), text)
//
// An answer is, likewise, one JSON object, or a header (AnswerHeader) and one
// result frame per text. A PackedReader reads those of the packed format; the package
// worker/results writes both formats.
//
// The broker reads envelope and header only; bodies pass through it as they
// came.
package wire
