package service

// Service: a broker, worker or watcher as a service, whatever the service manager.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"trawl/systemd"
)

// Options select a service.
type Options struct {
	Role     string // broker, worker or watch
	Instance string // tells several services of a role apart; empty: the only one
	Own      bool   // a service of the calling user instead of the system's

	// The rest is for Install alone.

	Config     string   // configuration file for the command line; empty: none
	Arguments  []string // more arguments
	RunAs      string   // user; empty: trawl, on macOS _trawl
	Executable string   // empty: the running program
	Now        bool     // the caller starts the service next
	Files      []string // files that the service's user must be able to read
}

// Service is a broker, a worker or a watcher as a service. The methods must not be called concurrently.
type Service struct {
	options Options
	unit    systemd.Unit
	host    host
	manager manager
}

// Say receives progress reports, a line at a time.
type Say func(format string, args ...any)

// manager is a kind of service manager.
type manager interface {
	install(s *Service, say Say) error
	plan(s *Service, say Say) error // describes install without doing anything
	uninstall(s *Service, say Say) error
	start(s *Service) error
	stop(s *Service) error
	restart(s *Service) error
	status(s *Service) (Status, error)
	lastError(s *Service) string // empty: there is none, or the log cannot be read
	installed(h *host) []string  // names of services with a file of this manager
}

// State is the state of a service.
type State string

// States of a service. A service that ends again and again is Failing, also while the manager
// restarts it.
const (
	Running      State = "running"
	Starting     State = "starting"
	Stopped      State = "stopped"
	Failing      State = "failing"
	NotInstalled State = "not installed"
)

// Status is how a service is.
type Status struct {
	Name     string `json:"name"`
	State    State  `json:"state"`
	Says     string `json:"says,omitempty"` // the service's own sentence
	PID      int    `json:"pid,omitempty"`
	Restarts int    `json:"restarts,omitempty"`  // without a request, since the last manual start
	Enabled  bool   `json:"enabled"`             // starts with the board
	Memory   int64  `json:"memory,omitempty"`    // bytes of the control group, mapped files included
	File     string `json:"file,omitempty"`      // of the manager
	Package  bool   `json:"packaged,omitempty"`  // the file is of a package
	Log      string `json:"log_with,omitempty"`  // command for the log
	LastExit string `json:"last_exit,omitempty"` // how the last run failed
	Manager  string `json:"manager"`             // linux-systemd, darwin-launchd, …

	LastError string `json:"last_error,omitempty"` // latest error in the log of a failing service, if readable
	Refused   string `json:"refused,omitempty"`    // BROKER: REASON, if a broker refuses the worker
	RunsAs    string `json:"runs_as,omitempty"`    // user; empty: not known
	Program   string `json:"program,omitempty"`    // path of the program
	Config    string `json:"config,omitempty"`     // configuration file on the command line; empty: the default file

	groups   []string // added by the unit
	dynamic  bool     // systemd makes the user for each start
	hidden   []string // folders hidden from the service
	readOnly bool     // the service sees the board read-only, but for writable
	writable []string // folders, with everything below them
}

// Roles returns the roles that can be services, in the order of pages.
func Roles() []string { return []string{"broker", "worker", "watch"} }

// Open detects the service manager.
func Open(o Options) (*Service, error) { return open(o, thisHost()) }

func open(o Options, h host) (*Service, error) {
	if !slices.Contains(Roles(), o.Role) {
		return nil, fmt.Errorf("%q is no service of trawl; there are %s", o.Role, strings.Join(Roles(), ", "))
	}
	if err := checkInstance(o.Instance); err != nil {
		return nil, err
	}
	s := &Service{options: o, host: h}
	var err error
	if s.manager, err = h.manager(); err != nil {
		return nil, err
	}
	s.unit = systemd.Unit{Role: o.Role, Instance: o.Instance, Executable: o.Executable}
	if !o.Own {
		s.unit.User = o.RunAs
		if s.unit.User == "" {
			s.unit.User = h.defaultUser()
		}
	}
	if o.Config != "" {
		s.unit.Arguments = append(s.unit.Arguments, "--config", o.Config)
	}
	s.unit.Arguments = append(s.unit.Arguments, o.Arguments...)
	return s, nil
}

// checkInstance allows characters that are harmless in names of files, units and labels.
func checkInstance(name string) error {
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r)
	}
	switch {
	case name == "":
		return nil
	case len(name) > 100:
		return errors.New("the name of a service must not be longer than 100 characters")
	case strings.ContainsFunc(name, func(r rune) bool { return !ok(r) }), strings.HasPrefix(name, "."), strings.HasPrefix(name, "-"):
		return fmt.Errorf("%q cannot name a service; it may have letters without accents, digits and - _ . (not in front)", name)
	}
	return nil
}

// Name returns the name of the service at its manager.
func (s *Service) Name() string { return s.unit.Name() }

// User returns the user of the service; empty: the calling user.
func (s *Service) User() string { return s.unit.User }

// Install registers the service with its manager, which starts it with the board from then on.
// Install does not start a stopped service, restarts a running one if its file has changed, and
// does nothing if the same file is installed already.
func (s *Service) Install(say Say) error {
	if err := s.prepare(); err != nil {
		return err
	}
	if err := s.needRoot("install"); err != nil {
		return err
	}
	return s.manager.install(s, say)
}

// Plan describes the files and commands of Install, without doing anything.
func (s *Service) Plan(say Say) error {
	if err := s.prepare(); err != nil {
		return err
	}
	return s.manager.plan(s, say)
}

// Uninstall stops the service and removes it from its manager. Configuration, keys and packs stay.
func (s *Service) Uninstall(say Say) error {
	if err := s.needRoot("uninstall"); err != nil {
		return err
	}
	return s.manager.uninstall(s, say)
}

// Start starts the service, and waits until the service is ready.
func (s *Service) Start() error {
	if err := s.needRoot("start"); err != nil {
		return err
	}
	return s.manager.start(s)
}

// Stop stops the service, which answers the requests in hand first.
func (s *Service) Stop() error {
	if err := s.needRoot("stop"); err != nil {
		return err
	}
	return s.manager.stop(s)
}

// Restart is Stop and Start.
func (s *Service) Restart() error {
	if err := s.needRoot("restart"); err != nil {
		return err
	}
	return s.manager.restart(s)
}

// Status asks the manager. For a service that is not installed the error is nil.
func (s *Service) Status() (Status, error) {
	st, err := s.manager.status(s)
	if err != nil {
		return st, err
	}
	if st.State == Failing {
		st.LastError = s.manager.lastError(s)
	}
	const refused = "refused by "
	if i := strings.Index(st.Says, refused); i >= 0 && st.State == Running {
		st.Refused = strings.TrimPrefix(st.Says[i+len(refused):], "the broker at ")
	}
	return st, nil
}

// prepare completes the unit for Install and Plan.
func (s *Service) prepare() error {
	if s.unit.Executable == "" {
		exe, err := os.Executable()
		if err == nil {
			exe, err = filepath.EvalSymlinks(exe)
		}
		if err != nil {
			return fmt.Errorf("find the program's own file: %w", err)
		}
		s.unit.Executable = exe
	}
	if err := s.unit.Check(); err != nil {
		return err
	}
	if s.options.Role == "watch" && s.host.platform != "linux-systemd" {
		return fmt.Errorf("a watcher can be a service of systemd alone, and this system has %s: start trawl watch from a script of your own", s.host.platform)
	}
	if s.options.Own {
		return nil
	}
	if hidden := hiddenFromServices(s.unit.Executable); hidden != "" && s.host.platform == "linux-systemd" {
		return fmt.Errorf("a service does not see %s, where this program is: copy it first, with: sudo install -m 755 %s /usr/local/bin/trawl; then run: sudo /usr/local/bin/trawl service install %s",
			hidden, s.unit.Executable, s.options.Role)
	}
	return nil
}

// Folders that ProtectHome and PrivateTmp hide.
var (
	hiddenHomes     = []string{"/home", "/root", "/run/user"}
	hiddenTemporary = []string{"/tmp", "/var/tmp"}
)

// hiddenFromServices returns the folder that contains path and that trawl's units hide from their
// services; empty: none.
func hiddenFromServices(path string) string {
	return hiding(path, slices.Concat(hiddenHomes, hiddenTemporary))
}

// hiding returns the first of folders that is path or contains path; empty: none.
func hiding(path string, folders []string) string {
	for _, dir := range folders {
		if path == dir || strings.HasPrefix(path, dir+"/") {
			return dir
		}
	}
	return ""
}

func (s *Service) needRoot(verb string) error {
	if s.options.Own || s.host.uid == 0 {
		return nil
	}
	return fmt.Errorf("to %s a service of the system takes root: sudo trawl service %s %s; or add --user for a service of your own", verb, verb, s.options.Role)
}
