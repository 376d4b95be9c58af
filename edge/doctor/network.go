package doctor

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

// ports looks whether a broker could bind its endpoints, or one of ours has. Taken
// by something else they are a fault only where a broker is meant to be.
func (p *Patient) ports(ctx context.Context, out *page) {
	c := p.Config
	meant := p.Installed("broker") || c.IsSet("broker.clients") || c.IsSet("broker.workers")
	ours := ""
	var free, taken []string
	wanted := slices.Concat(c.Broker.Clients, c.Broker.Workers)
	if c.HTTP.On() {
		wanted = append(wanted, "tcp://"+c.HTTP.Listen)
	}
	for _, e := range wanted {
		if err := p.Listen(e); err == nil {
			free = append(free, e)
			continue
		}
		if slices.Contains(c.Broker.Clients, e) && !p.Running("broker") { // the service need not let us in, and would log that
			ctx, cancel := context.WithTimeout(ctx, patience)
			name, err := p.Ping(ctx, local(e))
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
	case len(taken) > 0 && p.Running("broker"): // it need not let us in
		out.ok("ports", "the service trawl-broker has them")
	case len(taken) > 0 && meant:
		out.fault("ports", "see with sudo ss -lptn what has it, or give broker.clients, broker.workers or http.listen another", "%s cannot be had: something else has it", strings.Join(taken, ", "))
	case len(taken) > 0:
		out.remark("ports", "nothing, unless this board is to be a broker", "%s cannot be had: something else has it", strings.Join(taken, ", "))
	default:
		out.ok("ports", "%s are free", strings.Join(free, ", "))
	}
}

// local is an endpoint as it is reached from the board itself.
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

// broker tries the connections that a worker on this board makes.
func (p *Patient) broker(ctx context.Context, out *page) {
	if len(p.Config.Worker.Rules) == 0 {
		return // no worker
	}
	for _, e := range p.Config.Worker.Brokers {
		ctx, cancel := context.WithTimeout(ctx, patience)
		refused, err := p.Reach(ctx, e)
		cancel()
		switch {
		case refused:
			out.fault("broker", adviceOn(err.Error()), "%s refuses this board: %v", e, err)
		case errors.Is(err, fs.ErrPermission):
			out.remark("broker", "sudo trawl doctor", "%s was not tried: the key is not for us to read", e)
		case err != nil:
			out.remark("broker", "start it, or mend worker.brokers; a worker waits for it, however long", "%s is not reached: %v", e, err)
		default:
			out.ok("broker", "%s is reached", e)
		}
	}
}
