package worker

// Releases of rules: what a worker's connections pass on to whoever takes them.

import (
	"fmt"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Releases takes releases of rules; package worker/releases has one. A broker is named by its endpoint.
// No method blocks.
type Releases interface {
	// InUse is what a hello says.
	InUse() []wire.ReleaseID
	// Connect notes a broker that takes releases. send does not block.
	Connect(broker string, send func(control, body []byte) error)
	Disconnect(broker string)
	// Goals and Part take messages; slices are views that end with the call.
	Goals(broker string, goals []wire.Goal)
	Part(broker string, p wire.Part)
}

// connectReleases notes the connection of a broker that takes releases.
func (l *link) connectReleases(conn *zmtp.Conn, w *wire.Welcome) {
	if to := l.worker.options.Releases; to != nil && w.Releases {
		to.Connect(l.broker, func(control, body []byte) error {
			b := zmtp.NewBuilder(len(control) + len(body) + 32)
			b.AppendFrame(control)
			if body != nil {
				b.AppendFrame(body)
			}
			return conn.Send(nil, b.Message())
		})
	}
}

func (l *link) disconnectReleases() {
	if to := l.worker.options.Releases; to != nil {
		to.Disconnect(l.broker)
	}
}

// takeRelease passes on a message about releases.
func (l *link) takeRelease(m zmtp.Message) error {
	to := l.worker.options.Releases
	var frames [][]byte
	for _, f := range m.Frames() {
		frames = append(frames, f)
	}
	if p, ok := wire.ParsePart(frames); ok && to != nil {
		to.Part(l.broker, p)
		return nil
	}
	goals, ok := wire.ParseGoals(frames)
	if !ok || to == nil {
		return fmt.Errorf("unreadable message about releases, of %d frames", len(frames))
	}
	to.Goals(l.broker, goals)
	return nil
}
