package doctor

import (
	"fmt"
	"strings"
)

// Service is a service of trawl that is installed on the board.
type Service struct {
	Name  string
	State string // running, stopped, …
	Fails bool   // it ends again and again
	// Restarts counts those without being asked to, since it was started.
	Restarts int

	Says      string // the service's own sentence
	LastError string // of its log; empty: not known
	LastExit  string // how it ended
	Refused   string // BROKER: REASON, if a broker does not take it

	RunsAs      string // user
	Program     string // that it runs
	Config      string // its configuration file
	ConfigError error
	Problems    []error // files and folders that its user cannot use
	Log         string  // command that shows its log
}

// services looks at each service as the user that it runs as. What is wrong with the
// configuration that was looked at already is not said again.
func (p *Patient) services(out *page) {
	for i := range p.Services {
		s := &p.Services[i]
		before := len(*out)
		if s.ConfigError != nil && (s.Config != p.ConfigFile || p.ConfigError == nil) {
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
			out.ok("services", "%s: %s%s", s.Name, s.State, as)
		}
	}
}

// why is the best that is known of why a service fails.
func (s *Service) why() string {
	for _, known := range []string{s.LastError, s.Says, s.LastExit} {
		if known != "" {
			return known
		}
	}
	return fmt.Sprintf("it was started %d times", s.Restarts)
}

// adviceOn says what to do about a refusal.
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

// programs tells of a second trawl: what a shell starts may be another one than what
// services run.
func (p *Patient) programs(out *page) {
	if len(p.Programs) < 2 {
		return
	}
	running := ""
	for i := range p.Services {
		if s := &p.Services[i]; s.Program != "" && s.Program != p.Programs[0] {
			running += fmt.Sprintf("; %s runs %s", s.Name, s.Program)
		}
	}
	out.remark("program", "remove the one that is not wanted: an upgrade of one leaves the other as it is", "there are %d programs called trawl: %s, and the first is what a shell starts%s",
		len(p.Programs), strings.Join(p.Programs, ", "), running)
}

// localNetwork tells of what macOS has asked since its version 15: whether a program may
// reach other devices of the local network. Daemons may, agents of a user are asked about,
// and refused until then as if the other one were away (Apple TN3179).
func (p *Patient) localNetwork(out *page) {
	const firstAsking = 15
	if p.MacOS < firstAsking || len(p.Agents) == 0 {
		return
	}
	out.remark("local network", "allow trawl in System Settings, Privacy & Security, Local Network; or install it without --user: daemons need not ask",
		"macOS %d lets %s reach other boards only once somebody at the screen has allowed it", p.MacOS, strings.Join(p.Agents, " and "))
}
