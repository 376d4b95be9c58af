package wire

import "trawl/edge/zmtp"

// An envelope has at most maxEnvelope frames, its empty delimiter included, and
// maxEnvelopeBytes in all their bodies: a few identities of proxies. It is kept until the
// answer goes out.
const (
	maxEnvelope      = 8
	maxEnvelopeBytes = 1 << 10
)

// SplitEnvelope says how many of m's first frames are its envelope: what the
// answer must carry in front again. A REQ's is everything through the first
// empty frame. A DEALER or ROUTER may send none: a single frame has none, a
// first frame that is empty is it, a header's brace ends the search, anything
// else is one only if an empty frame follows soon (a client behind a proxy). What is
// longer than an envelope may be is none.
func SplitEnvelope(peerType string, m zmtp.Message) int {
	if m.NumFrames() == 1 {
		return 0
	}
	size := 0
	for i, frame := range m.Frames() {
		size += len(frame)
		switch {
		case len(frame) == 0:
			return i + 1
		case i+1 == maxEnvelope || size > maxEnvelopeBytes:
			return 0
		case i == 0 && frame[0] == '{' && peerType != "REQ":
			return 0
		}
	}
	return 0
}
