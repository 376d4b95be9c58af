package service

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"trawl/systemd"
)

// Options say which service is meant.
type Options struct {
	Role     string // broker or worker
	Instance string // one of several of a role on this board; empty: the only one
	Own      bool   // a service of the calling user instead of the system's

	// The rest is for Install alone.

	Config     string   // file to be named on its command line; empty: none
	Arguments  []string // further ones
	RunAs      string   // user; empty: trawl, on macOS _trawl
	Executable string   // empty: the running program
	Now        bool     // it is to be started right after
	Files      []string // that the service reads, so that its user must be able to
}

// Service is a broker or a worker as a service. It is not safe for concurrent use.
type Service struct {
	options Options
	unit    systemd.Unit
	host    host
	manager manager
}

// Say is told what is being done, a line at a time.
type Say func(format string, args ...any)

// manager is one kind of service manager.
type manager interface {
	install(s *Service, say Say) error
	plan(s *Service, say Say) error // says what install would do
	uninstall(s *Service, say Say) error
	start(s *Service) error
	stop(s *Service) error
	restart(s *Service) error
	status(s *Service) (Status, error)
	lastError(s *Service) string // empty: there is none, or the log cannot be read
	installed(h *host) []string  // names of services that have a file of the manager's
}

// State is one of what a service can be.
type State string

// The states. A service that ends again and again is Failing, although its
// manager is at it.
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
	Restarts int    `json:"restarts,omitempty"`  // without being asked to, since it was started
	Enabled  bool   `json:"enabled"`             // starts with the board
	Memory   int64  `json:"memory,omitempty"`    // bytes that its control group holds, maps of files included
	File     string `json:"file,omitempty"`      // of the manager
	Package  bool   `json:"packaged,omitempty"`  // the file is of a package
	Log      string `json:"log_with,omitempty"`  // command that shows its log
	LastExit string `json:"last_exit,omitempty"` // how it ended the last time, if it failed
	Manager  string `json:"manager"`             // linux-systemd, darwin-launchd, …

	LastError string `json:"last_error,omitempty"` // the latest of its log, if it fails and the log can be read
	Refused   string `json:"refused,omitempty"`    // which broker does not take it, and why
	RunsAs    string `json:"runs_as,omitempty"`    // user; empty: not known
	Program   string `json:"program,omitempty"`    // that it runs
	Config    string `json:"config,omitempty"`     // configuration file that its command line names; empty: the default one

	groups   []string // that the unit adds
	dynamic  bool     // systemd makes the user for each start
	hidden   []string // folders of which the service sees nothing
	readOnly bool     // the service sees the board read-only, but for writable
	writable []string // folders, and files below them
}

// Open finds out which service manager there is.
func Open(o Options) (*Service, error) { return open(o, thisHost()) }

func open(o Options, h host) (*Service, error) {
	if o.Role != "broker" && o.Role != "worker" {
		return nil, fmt.Errorf("%q is no service of trawl; there are broker and worker", o.Role)
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

// checkInstance allows what is harmless in names of files, units and labels.
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

// Name is the service's, as its manager knows it.
func (s *Service) Name() string { return s.unit.Name() }

// User is the one that the service runs as; empty: the calling user.
func (s *Service) User() string { return s.unit.User }

// Install makes the service known to its manager, which then starts it with the
// board; it does not start it now. What is there and the same is left alone. A
// service that runs and whose file has changed is restarted.
func (s *Service) Install(say Say) error {
	if err := s.prepare(); err != nil {
		return err
	}
	if err := s.needRoot("install"); err != nil {
		return err
	}
	return s.manager.install(s, say)
}

// Plan says what Install would write and run, and does nothing.
func (s *Service) Plan(say Say) error {
	if err := s.prepare(); err != nil {
		return err
	}
	return s.manager.plan(s, say)
}

// Uninstall stops the service and makes its manager forget it. Configuration, keys
// and packs stay.
func (s *Service) Uninstall(say Say) error {
	if err := s.needRoot("uninstall"); err != nil {
		return err
	}
	return s.manager.uninstall(s, say)
}

// Start starts the service, and waits until it is ready.
func (s *Service) Start() error {
	if err := s.needRoot("start"); err != nil {
		return err
	}
	return s.manager.start(s)
}

// Stop stops the service; it answers what it has before.
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

// Status asks the manager. A service that is not installed is no error.
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
	if s.options.Own {
		return nil
	}
	if hidden := hiddenFromServices(s.unit.Executable); hidden != "" && s.host.platform == "linux-systemd" {
		return fmt.Errorf("a service does not see %s, where this program is: copy it first, with: sudo install -m 755 %s /usr/local/bin/trawl; then run: sudo /usr/local/bin/trawl service install %s",
			hidden, s.unit.Executable, s.options.Role)
	}
	return nil
}

// hiddenHomes and hiddenTemporary are what ProtectHome and PrivateTmp hide.
var (
	hiddenHomes     = []string{"/home", "/root", "/run/user"}
	hiddenTemporary = []string{"/tmp", "/var/tmp"}
)

// hiddenFromServices returns the folder that a unit of ours hides from its service and
// path is in; empty: none.
func hiddenFromServices(path string) string {
	return hiding(path, slices.Concat(hiddenHomes, hiddenTemporary))
}

// hiding returns the one of folders that path is, or is in.
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
