package service

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// exitTimeOut is a little more than ExitTimeOut of the property list, after which
// launchd kills.
const exitTimeOut = 35 * time.Second

// launchdManager writes property lists and runs launchctl, in its newer manner
// (bootstrap and bootout instead of load and unload).
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

// domain is where launchd keeps the service; target names it in there.
func (launchdManager) domain(s *Service) string {
	if s.options.Own {
		return fmt.Sprintf("gui/%d", s.host.uid)
	}
	return "system"
}

func (m launchdManager) target(s *Service) string { return m.domain(s) + "/" + s.Name() }

func (m launchdManager) checkUser(s *Service) error {
	if s.options.Own || s.unit.User != "" && s.unit.User != "root" {
		return nil
	}
	return errors.New("a service of the system needs a user to run as, and must not be root: name one with --run-as")
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
	_, err := s.host.run("launchctl", "bootstrap", m.domain(s), m.file(s))
	return err
}

// stop waits until the service has ended: before that launchd refuses to have it
// again.
func (m launchdManager) stop(s *Service) error {
	if _, err := s.host.run("launchctl", "bootout", m.target(s)); err != nil {
		return err
	}
	for until := time.Now().Add(exitTimeOut); m.loaded(s); time.Sleep(100 * time.Millisecond) {
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
	launchdState = regexp.MustCompile(`(?m)^\s*state = (.+)$`)
	launchdPID   = regexp.MustCompile(`(?m)^\s*pid = (\d+)$`)
	launchdExit  = regexp.MustCompile(`(?m)^\s*last exit code = (\d+)`)
)

// lastError is the latest line of the log that is an error.
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
		st.State, st.File, st.Enabled, st.Log = Stopped, m.file(s), true, "tail "+m.log(s)
	}
	out, err := s.host.run("launchctl", "print", m.target(s))
	if err != nil {
		return st, nil // it is not loaded
	}
	if pid := launchdPID.FindStringSubmatch(out); pid != nil {
		st.PID, _ = strconv.Atoi(pid[1])
	}
	state := launchdState.FindStringSubmatch(out)
	exit := launchdExit.FindStringSubmatch(out)
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
