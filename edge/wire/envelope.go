package wire

import "trawl/edge/zmtp"

// maxEnvelope is the most frames that an envelope may have, its empty
// delimiter included.
const maxEnvelope = 8

// SplitEnvelope says how many of m's first frames are its envelope: what the
// answer must carry in front again. A REQ's is everything through the first
// empty frame. A DEALER or ROUTER may send none: a single frame has none, a
// first frame that is empty is it, a header's brace ends the search, anything
// else is one only if an empty frame follows soon (a client behind a proxy).
func SplitEnvelope(peerType string, m zmtp.Message) int {
	if m.NumFrames() == 1 {
		return 0
	}
	for i, frame := range m.Frames() {
		switch {
		case len(frame) == 0:
			return i + 1
		case i+1 == maxEnvelope:
			return 0
		case i == 0 && frame[0] == '{' && peerType != "REQ":
			return 0
		}
	}
	return 0
}
