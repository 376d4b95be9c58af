package doctor

// Checks of installed services and of the programs behind them.

import (
	"fmt"
	"strings"

	"trawl/edge/human"
)

// Service is a service of trawl on the board.
type Service struct {
	Name  string
	State string // running, stopped, …
	Fails bool   // the service ends again and again
	// Restarts counts restarts without a request, since the last manual start.
	Restarts int

	Says      string // the service's own sentence
	LastError string // the last error in the log; empty: unknown
	LastExit  string // how the process ended
	Refused   string // BROKER: REASON, if a broker refuses the worker

	Written     int64  // bytes written to disks since the start of the process; -1: not known
	RunsAs      string // user
	Program     string // path of the program
	Config      string // path of the configuration file
	ConfigError error
	Problems    []error // files and folders that the user cannot use
	Log         string  // command for the log
}

// services checks each service as the user of the service. Errors of a configuration that was
// checked already are not repeated.
func (h *Host) services(out *report) {
	for i := range h.Services {
		s := &h.Services[i]
		before := len(*out)
		if s.ConfigError != nil && (s.Config != h.ConfigFile || h.ConfigError == nil) {
			for line := range strings.Lines(s.ConfigError.Error()) {
				out.fault("services", "mend it, then: sudo systemctl restart "+s.Name, "%s: %s", s.Name, strings.TrimSpace(line))
			}
		}
		for _, err := range s.Problems {
			for line := range strings.Lines(err.Error()) {
				out.fault("services", "", "%s: %s", s.Name, strings.TrimSpace(line))
			}
		}
		switch {
		case s.Fails:
			out.fault("services", "mend that; it is started again by itself, at once with sudo systemctl restart "+s.Name+"; more: "+s.Log, "%s fails: %s", s.Name, s.why())
		case s.Refused != "":
			out.fault("services", adviceOn(s.Refused), "%s runs, and is refused by %s", s.Name, s.Refused)
		case len(*out) == before:
			as := ""
			if s.RunsAs != "" {
				as = ", as the user " + s.RunsAs
			}
			if s.Written >= 0 {
				as += ", has written " + human.Bytes(s.Written) + " to disk since its start"
			}
			out.ok("services", "%s: %s%s", s.Name, s.State, as)
		}
	}
}

// why returns the best known reason of a failure.
func (s *Service) why() string {
	for _, known := range []string{s.LastError, s.Says, s.LastExit} {
		if known != "" {
			return known
		}
	}
	return fmt.Sprintf("it was started %d times", s.Restarts)
}

// adviceOn returns advice for a refusal.
func adviceOn(reason string) string {
	switch {
	case strings.Contains(reason, "is connected already"):
		return "give this board's worker another name: worker.name"
	case strings.Contains(reason, "may not allow our public key"):
		return "have its public key allowed at the broker, a line KEY worker in its allowed keys"
	case strings.Contains(reason, "its public key may not be"):
		return "give it the broker's own public key: security.server_key"
	case strings.Contains(reason, "wants security mechanism CURVE"):
		return "give it keys: trawl keygen, security.key and security.server_key, and have its public key allowed at the broker"
	case strings.Contains(reason, "wants security mechanism NULL"):
		return "the broker has no keys: take security.key out here, or give it keys"
	case strings.Contains(reason, "not ZeroMQ"), strings.Contains(reason, "endpoint for clients"):
		return "name the broker's port for workers in worker.brokers: 5556 by default"
	case strings.Contains(reason, "update the older one"):
		return "bring the same version of trawl to both"
	}
	return "see the broker's log, which says why"
}

// programs warns of a second trawl: a shell and the services may start different ones.
func (h *Host) programs(out *report) {
	if len(h.Programs) < 2 {
		return
	}
	running := ""
	for i := range h.Services {
		if s := &h.Services[i]; s.Program != "" && s.Program != h.Programs[0] {
			running += fmt.Sprintf("; %s runs %s", s.Name, s.Program)
		}
	}
	out.warning("program", "remove the one that is not wanted: an upgrade of one leaves the other as it is", "there are %d programs called trawl: %s, and the first is what a shell starts%s",
		len(h.Programs), strings.Join(h.Programs, ", "), running)
}

// localNetwork warns of the local network privacy of macOS 15 and later: agents of a user need
// permission to reach other devices, and until then a connection fails as if the other device were
// away (Apple TN3179). Daemons need no permission.
func (h *Host) localNetwork(out *report) {
	const firstAsking = 15
	if h.MacOS < firstAsking || len(h.Agents) == 0 {
		return
	}
	out.warning("local network", "allow trawl in System Settings, Privacy & Security, Local Network; or install it without --user: daemons need not ask",
		"macOS %d lets %s reach other boards only once somebody at the screen has allowed it", h.MacOS, strings.Join(h.Agents, " and "))
}
