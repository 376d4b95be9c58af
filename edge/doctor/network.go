package doctor

// Checks of ports and of connections to brokers.

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net"
	"slices"
	"strings"
	"time"

	"trawl/edge/zmtp"
)

// patience is how long a broker may take to answer.
const patience = 4 * time.Second

// ports checks whether the endpoints of a broker are free, or taken by a broker of trawl. Taken by
// another program they are a fault only on a board that is meant to be a broker.
func (h *Host) ports(ctx context.Context, out *report) {
	c := h.Config
	meant := h.Installed("broker") || c.IsSet("broker.clients") || c.IsSet("broker.workers")
	ours := ""
	var free, taken []string
	wanted := slices.Concat(c.Broker.Clients, c.Broker.Workers)
	if c.HTTP.On() {
		wanted = append(wanted, "tcp://"+c.HTTP.Listen)
	}
	for _, e := range wanted {
		if err := h.Listen(e); err == nil {
			free = append(free, e)
			continue
		}
		if slices.Contains(c.Broker.Clients, e) && !h.Running("broker") { // the service may refuse this ping, and would log the refusal
			ctx, cancel := context.WithTimeout(ctx, patience)
			name, err := h.Ping(ctx, local(e))
			cancel()
			if err == nil {
				ours = name
				continue
			}
		}
		taken = append(taken, e)
	}
	switch {
	case ours != "":
		out.ok("ports", "the broker %s has them", ours)
	case len(taken) > 0 && h.Running("broker"): // the service may have refused the ping
		out.ok("ports", "the service trawl-broker has them")
	case len(taken) > 0 && meant:
		out.fault("ports", "see with sudo ss -lptn what has it, or give broker.clients, broker.workers or http.listen another", "%s cannot be had: something else has it", strings.Join(taken, ", "))
	case len(taken) > 0:
		out.warning("ports", "nothing, unless this board is to be a broker", "%s cannot be had: something else has it", strings.Join(taken, ", "))
	default:
		out.ok("ports", "%s are free", strings.Join(free, ", "))
	}
}

// local returns an endpoint as the board itself reaches it.
func local(endpoint string) string {
	host, port, err := net.SplitHostPort(strings.TrimPrefix(endpoint, "tcp://"))
	if err != nil {
		return endpoint
	}
	bind, err := zmtp.BindHost(host)
	if err != nil {
		return endpoint
	}
	return "tcp://" + net.JoinHostPort(cmp.Or(bind, "127.0.0.1"), port)
}

// broker tries the connections of a worker on this board.
func (h *Host) broker(ctx context.Context, out *report) {
	if len(h.Config.Worker.Rules) == 0 {
		return // no worker
	}
	for _, e := range h.Config.Worker.Brokers {
		ctx, cancel := context.WithTimeout(ctx, patience)
		refused, err := h.Reach(ctx, e)
		cancel()
		switch {
		case refused:
			out.fault("broker", adviceOn(err.Error()), "%s refuses this board: %v", e, err)
		case errors.Is(err, fs.ErrPermission):
			out.warning("broker", "sudo trawl doctor", "%s was not tried: the key is not for us to read", e)
		case err != nil:
			out.warning("broker", "start it, or mend worker.brokers; a worker waits for it, however long", "%s is not reached: %v", e, err)
		default:
			out.ok("broker", "%s is reached", e)
		}
	}
}
