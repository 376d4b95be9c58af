package service

// launchd, the service manager of macOS.

import (
	"errors"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"trawl/edge/ondemand"
	"trawl/systemd"
)

// exitTimeOut is somewhat longer than ExitTimeOut of the property list, after which launchd kills.
const exitTimeOut = 35 * time.Second

// launchdManager writes property lists and runs launchctl with its newer verbs (bootstrap and
// bootout instead of load and unload).
type launchdManager struct{}

func (launchdManager) file(s *Service) string {
	if s.options.Own {
		return filepath.Join(s.host.home, "Library/LaunchAgents", s.Name()+".plist")
	}
	return s.host.path("/Library/LaunchDaemons/" + s.Name() + ".plist")
}

func (launchdManager) log(s *Service) string {
	if s.options.Own {
		return filepath.Join(s.host.home, "Library/Logs", s.Name()+".log")
	}
	return "/var/log/" + s.Name() + ".log"
}

// domain returns launchd's domain of the service. An agent belongs to the session at the screen;
// for a user who is logged in by ssh alone, to the domain of the user.
func (m launchdManager) domain(s *Service) string {
	if !s.options.Own {
		return "system"
	}
	screen := fmt.Sprintf("gui/%d", s.host.uid)
	users := fmt.Sprintf("user/%d", s.host.uid)
	if s.succeeds("launchctl", "print", screen+"/"+s.Name()) {
		return screen
	}
	if s.succeeds("launchctl", "print", users+"/"+s.Name()) || !s.succeeds("launchctl", "print", screen) {
		return users
	}
	return screen
}

func (s *Service) succeeds(name string, args ...string) bool {
	_, err := s.host.run(name, args...)
	return err == nil
}

// target returns the name of the service in its domain.
func (m launchdManager) target(s *Service) string { return m.domain(s) + "/" + s.Name() }

// makeFolders makes folders that macOS may lack: for property lists, for logs, and for the packs of
// a worker that is a daemon.
func (m launchdManager) makeFolders(s *Service) error {
	logs := filepath.Dir(m.log(s))
	if !s.options.Own {
		logs = s.host.path(logs)
	}
	for _, dir := range []string{filepath.Dir(m.file(s)), logs} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return cannotWrite(dir, err)
		}
	}
	if s.options.Own || s.unit.Role != "worker" {
		return nil
	}
	dir := s.host.path(systemd.MacStateDir)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return cannotWrite(dir, err)
	}
	_, err := s.host.run("chown", s.unit.User, dir)
	return err
}

func (m launchdManager) checkUser(s *Service) error {
	if s.options.Own || s.unit.User != "" && s.unit.User != "root" {
		return nil
	}
	return errors.New("a service of the system needs a user to run as, and must not be root: leave --run-as out, or name another")
}

func (m launchdManager) plan(s *Service, say Say) error {
	if err := m.checkUser(s); err != nil {
		return err
	}
	say("# would write %s:", m.file(s))
	say("%s", strings.TrimSuffix(s.unit.Plist(m.log(s)), "\n"))
	if m.loaded(s) {
		say("# would run:")
		say("launchctl bootout %s", m.target(s))
		say("launchctl enable %s", m.target(s))
		say("launchctl bootstrap %s %s", m.domain(s), m.file(s))
	}
	return nil
}

func (m launchdManager) install(s *Service, say Say) error {
	if err := m.checkUser(s); err != nil {
		return err
	}
	file, text := m.file(s), s.unit.Plist(m.log(s))
	old, _, err := readUnit(file)
	if err != nil {
		return err
	}
	if string(old) == text {
		say("%s is installed already, and nothing about it has changed", s.Name())
		return nil
	}
	if err := s.ensureReadable(say); err != nil { // makes the user that owns the folders
		return err
	}
	if err := m.makeFolders(s); err != nil {
		return err
	}
	running := m.loaded(s)
	next, err := s.place(file, text, say)
	if err != nil {
		return err
	}
	if running {
		if err := m.restart(s); err != nil {
			back := next.undo()
			if back == nil && next.old != nil {
				back = m.restart(s)
			}
			return errors.Join(err, back)
		}
		say("restarted %s, which was running", s.Name())
	}
	if next.foreign {
		say("kept the file that was there as %s", next.saved())
	}
	say("wrote %s; the service starts with the machine from now on", file)
	if !running && !s.options.Now {
		say("to start it now: %s", s.command("start"))
	}
	say("its log is %s; docs/macos.md says how to have it rotated", m.log(s))
	return nil
}

func (m launchdManager) uninstall(s *Service, say Say) error {
	file := m.file(s)
	text, foreign, err := readUnit(file)
	switch {
	case err != nil:
		return err
	case text == nil:
		return fmt.Errorf("%s is not installed; there is no %s", s.Name(), file)
	case foreign:
		return fmt.Errorf("%s was not made by trawl service install: remove it by hand if it is not needed", file)
	}
	if m.loaded(s) {
		if err := m.stop(s); err != nil {
			return fmt.Errorf("%s could not be stopped and stays installed: %w", s.Name(), err)
		}
	}
	if err := os.Remove(file); err != nil {
		return err
	}
	say("stopped %s and removed %s; configuration, keys and packs stay", s.Name(), file)
	return nil
}

func (m launchdManager) loaded(s *Service) bool {
	_, err := s.host.run("launchctl", "print", m.target(s))
	return err == nil
}

func (m launchdManager) start(s *Service) error {
	if m.loaded(s) {
		_, err := s.host.run("launchctl", "kickstart", m.target(s))
		return err
	}
	if _, err := os.Stat(m.file(s)); err != nil {
		return fmt.Errorf("%s is not installed; install it with: %s", s.Name(), s.command("install"))
	}
	// launchd refuses a service that was ever disabled, even years ago under this name.
	if _, err := s.host.run("launchctl", "enable", m.target(s)); err != nil {
		return err
	}
	_, err := s.host.run("launchctl", "bootstrap", m.domain(s), m.file(s))
	return err
}

// stop waits until the service has ended, because launchd refuses to start it earlier.
func (m launchdManager) stop(s *Service) error {
	target := m.target(s)
	if _, err := s.host.run("launchctl", "bootout", target); err != nil {
		return err
	}
	for until := time.Now().Add(exitTimeOut); s.succeeds("launchctl", "print", target); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(until) {
			return fmt.Errorf("%s has not ended after %v", s.Name(), exitTimeOut)
		}
	}
	return nil
}

// restart makes launchd read the file again.
func (m launchdManager) restart(s *Service) error {
	if m.loaded(s) {
		if err := m.stop(s); err != nil {
			return err
		}
	}
	return m.start(s)
}

var (
	plistUser      = ondemand.Regexp{Expr: `<key>UserName</key>\s*<string>([^<]*)</string>`}
	plistArguments = ondemand.Regexp{Expr: `(?s)<key>ProgramArguments</key>\s*<array>(.*?)</array>`}
	plistString    = ondemand.Regexp{Expr: `<string>([^<]*)</string>`}
)

// propertiesOf reads user, program and configuration file out of a property list of trawl.
func propertiesOf(file string) (user, program, config string) {
	text, _ := os.ReadFile(file)
	if m := plistUser.Get().FindSubmatch(text); m != nil {
		user = html.UnescapeString(string(m[1]))
	}
	var words []string
	if m := plistArguments.Get().FindSubmatch(text); m != nil {
		for _, w := range plistString.Get().FindAllSubmatch(m[1], -1) {
			words = append(words, html.UnescapeString(string(w[1])))
		}
	}
	if len(words) > 0 {
		program = words[0]
	}
	return user, program, configOf(words)
}

var (
	launchdState = ondemand.Regexp{Expr: `(?m)^\s*state = (.+)$`}
	launchdPID   = ondemand.Regexp{Expr: `(?m)^\s*pid = (\d+)$`}
	launchdExit  = ondemand.Regexp{Expr: `(?m)^\s*last exit code = (\d+)`}
)

// lastError returns the latest error in the log.
func (m launchdManager) lastError(s *Service) string {
	out, err := s.host.run("tail", "-n", "200", m.log(s))
	if err != nil {
		return ""
	}
	last := ""
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "trawl: ") || strings.Contains(line, "level=ERROR") || strings.Contains(line, `"level":"ERROR"`) {
			last = line
		}
	}
	return strings.TrimPrefix(strings.TrimSpace(last), "trawl: ")
}

func (launchdManager) installed(h *host) (names []string) {
	files, _ := filepath.Glob(h.path("/Library/LaunchDaemons/trawl-*.plist"))
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".plist"))
	}
	return names
}

func (m launchdManager) status(s *Service) (Status, error) {
	st := Status{Name: s.Name(), Manager: s.host.platform, State: NotInstalled}
	if _, err := os.Stat(m.file(s)); err == nil {
		st.RunsAs, st.Program, st.Config = propertiesOf(m.file(s))
		st.State, st.File, st.Enabled, st.Log = Stopped, m.file(s), true, "tail "+m.log(s)
	}
	out, err := s.host.run("launchctl", "print", m.target(s))
	if err != nil {
		return st, nil // not loaded
	}
	if pid := launchdPID.Get().FindStringSubmatch(out); pid != nil {
		st.PID, _ = strconv.Atoi(pid[1])
	}
	state := launchdState.Get().FindStringSubmatch(out)
	exit := launchdExit.Get().FindStringSubmatch(out)
	switch {
	case state != nil && state[1] == "running":
		st.State = Running
	case exit != nil && exit[1] != "0":
		st.State, st.LastExit = Failing, "it ended with status "+exit[1]
	default:
		st.State = Starting
	}
	return st, nil
}
