package doctor

import (
	"context"
	"slices"
	"strings"
	"time"
)

// patience is how long a broker may take to answer.
const patience = 2 * time.Second

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
		if slices.Contains(c.Broker.Clients, e) {
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
	return strings.Replace(endpoint, "tcp://*:", "tcp://127.0.0.1:", 1)
}

// broker tries the connections that a worker on this board makes.
func (p *Patient) broker(ctx context.Context, out *page) {
	if len(p.Config.Worker.Rules) == 0 {
		return // no worker
	}
	for _, e := range p.Config.Worker.Brokers {
		ctx, cancel := context.WithTimeout(ctx, patience)
		err := p.Reach(ctx, e)
		cancel()
		if err != nil {
			out.remark("broker", "start it, or mend worker.brokers; a worker waits for it, however long", "%s is not reached: %v", e, err)
		} else {
			out.ok("broker", "%s is reached", e)
		}
	}
}
