package service

// systemd, the service manager of most Linux distributions.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"trawl/edge/files"
	"trawl/systemd"
)

// systemdManager writes units and runs systemctl.
type systemdManager struct{}

func (systemdManager) file(s *Service) string {
	if s.options.Own {
		return filepath.Join(s.host.home, ".config/systemd/user", s.Name()+".service")
	}
	return s.host.path("/etc/systemd/system/" + s.Name() + ".service")
}

// packaged returns the unit that belongs to a package, and the package's name; empty: there is
// none.
func (systemdManager) packaged(s *Service) (file, pack string) {
	if s.options.Own {
		return "", ""
	}
	for _, dir := range []string{"/usr/lib/systemd/system", "/lib/systemd/system"} {
		at := dir + "/" + s.Name() + ".service"
		if s.host.exists(at) {
			return at, owner(&s.host, at)
		}
	}
	return "", ""
}

// owner finds the Debian package of a file. With /usr merged, the list may hold either path.
func owner(h *host, file string) string {
	lists, _ := filepath.Glob(h.path("/var/lib/dpkg/info/*.list"))
	other := strings.TrimPrefix(file, "/usr")
	for _, list := range lists {
		b, _ := os.ReadFile(list)
		if text := "\n" + string(b) + "\n"; strings.Contains(text, "\n"+file+"\n") || strings.Contains(text, "\n"+other+"\n") || strings.Contains(text, "\n/usr"+other+"\n") {
			name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(list), ".list"), ":")
			return name
		}
	}
	return ""
}

func (m systemdManager) refusePackaged(s *Service) error {
	file, pack := m.packaged(s)
	if file == "" {
		return nil
	}
	of := "a package"
	if pack != "" {
		of = "the package " + pack
	}
	return fmt.Errorf("%s belongs to %s, and is not put aside: enable it with: systemctl enable --now %s; change it with: systemctl edit %s; or remove the package first",
		file, of, s.Name(), s.Name())
}

func (s *Service) systemctl(args ...string) (string, error) {
	if s.options.Own {
		args = append([]string{"--user"}, args...)
	}
	return s.host.run("systemctl", args...)
}

func (m systemdManager) plan(s *Service, say Say) error {
	if err := m.refusePackaged(s); err != nil {
		return err
	}
	old, foreign, err := readUnit(m.file(s))
	if err != nil {
		return err
	}
	text := s.unit.Systemd()
	if string(old) == text {
		say("# %s is there already and is the same: nothing would be done", m.file(s))
		return nil
	}
	if user := s.unit.User; user != "" && !s.host.hasUser(user) {
		say("# would make the user %s", user)
	}
	if foreign {
		say("# would keep the %s that is there as %s.old", filepath.Base(m.file(s)), filepath.Base(m.file(s)))
	}
	say("# would write %s:", m.file(s))
	say("%s", strings.TrimSuffix(text, "\n"))
	say("# would run:")
	own := ""
	if s.options.Own {
		own = "--user "
	}
	say("systemctl %sdaemon-reload", own)
	say("systemctl %senable %s", own, s.Name())
	if m.runs(s) {
		say("systemctl %srestart %s", own, s.Name())
	}
	return nil
}

func (m systemdManager) install(s *Service, say Say) error {
	if err := m.refusePackaged(s); err != nil {
		return err
	}
	file := m.file(s)
	text := s.unit.Systemd()
	old, _, err := readUnit(file)
	if err != nil {
		return err
	}
	if string(old) == text && m.enabled(s) {
		say("%s is installed already, and nothing about it has changed", s.Name())
		return nil
	}
	running := m.runs(s)
	next, err := s.place(file, text, say)
	if err != nil {
		return err
	}
	if err := m.apply(s, running); err != nil {
		return m.rollback(s, next, running, err)
	}
	if next.foreign {
		say("kept the unit that was there as %s", next.saved())
	}
	say("wrote %s", file)
	switch {
	case running:
		say("restarted %s, which was running", s.Name())
	case !s.options.Now:
		say("%s starts with the board from now on; to start it now: %s", s.Name(), s.command("start"))
	}
	return nil
}

// apply makes systemd read the new unit.
func (m systemdManager) apply(s *Service, running bool) error {
	if _, err := s.systemctl("daemon-reload"); err != nil {
		return err
	}
	if _, err := s.systemctl("enable", s.Name()); err != nil {
		return err
	}
	if running {
		return m.restart(s)
	}
	return nil
}

// rollback restores the state before a failed installation.
func (m systemdManager) rollback(s *Service, next *replaced, running bool, cause error) error {
	if next.old == nil {
		_, _ = s.systemctl("disable", s.Name())
	}
	err := next.undo()
	_, reload := s.systemctl("daemon-reload")
	if running {
		_, restart := s.systemctl("restart", s.Name())
		reload = errors.Join(reload, restart)
	}
	if err = errors.Join(err, reload); err != nil {
		return fmt.Errorf("%w; and what was there before could not be restored: %w", cause, err)
	}
	return fmt.Errorf("%w; what was there before is in place again", cause)
}

func (m systemdManager) uninstall(s *Service, say Say) error {
	file := m.file(s)
	text, foreign, err := readUnit(file)
	switch packaged, pack := m.packaged(s); {
	case err != nil:
		return err
	case text == nil && packaged != "":
		return fmt.Errorf("%s was not installed by trawl service install but with a package: apt remove %s", s.Name(), orName(pack, "trawl"))
	case text == nil:
		return fmt.Errorf("%s is not installed; there is no %s", s.Name(), file)
	case foreign:
		return fmt.Errorf("%s was not made by trawl service install: remove it by hand if it is not needed", file)
	}
	if _, err := s.systemctl("stop", s.Name()); err != nil {
		return fmt.Errorf("%s could not be stopped and stays installed: %w", s.Name(), err)
	}
	if _, err := s.systemctl("disable", s.Name()); err != nil {
		return fmt.Errorf("%s is stopped, and stays installed: %w", s.Name(), err)
	}
	if err := os.Remove(file); err != nil {
		return fmt.Errorf("%s is stopped and does not start with the board, but its file stays: %w", s.Name(), err)
	}
	if err := files.SyncFolder(filepath.Dir(file)); err != nil {
		return err
	}
	if _, err := s.systemctl("daemon-reload"); err != nil {
		return err
	}
	_, _ = s.systemctl("reset-failed", s.Name()) // an error if the service had not failed
	say("stopped %s and removed %s; configuration, keys and packs stay", s.Name(), file)
	return nil
}

func orName(name, other string) string {
	if name == "" {
		return other
	}
	return name
}

// runs reports whether the service is up, or about to be.
func (m systemdManager) runs(s *Service) bool {
	out, _ := s.systemctl("is-active", s.Name()) // fails for an inactive service
	switch strings.TrimSpace(out) {
	case "active", "activating", "reloading":
		return true
	}
	return false
}

func (m systemdManager) enabled(s *Service) bool {
	out, _ := s.systemctl("is-enabled", s.Name())
	return strings.TrimSpace(out) == "enabled"
}

func (m systemdManager) start(s *Service) error   { return m.do(s, "start") }
func (m systemdManager) restart(s *Service) error { return m.do(s, "restart") }
func (m systemdManager) stop(s *Service) error    { return m.do(s, "stop") }

// do runs systemctl through the library. The library drops the output of systemctl after a failure,
// so the error describes the state of the service.
func (m systemdManager) do(s *Service, verb string) error {
	l, err := s.host.control(s)
	if err != nil {
		return err
	}
	status, err := m.status(s)
	if err == nil && status.State == NotInstalled {
		return fmt.Errorf("%s is not installed; install it with: %s", s.Name(), s.command("install"))
	}
	switch verb {
	case "start":
		err = l.Start()
	case "restart":
		err = l.Restart()
	case "stop":
		err = l.Stop()
	}
	if err == nil {
		return nil
	}
	after, _ := m.status(s)
	why := after.LastExit
	if why == "" {
		why = string(after.State)
	}
	return fmt.Errorf("%s did not %s: %s; its log says more: %s", s.Name(), verb, why, after.Log)
}

// properties are the properties of a unit that status needs.
const properties = "LoadState,ActiveState,SubState,StatusText,MainPID,NRestarts,UnitFileState,MemoryCurrent,FragmentPath,Result,ExecMainStatus,ExecMainCode," +
	"ExecStart,User,Group,SupplementaryGroups,DynamicUser,ProtectSystem,ReadWritePaths,ProtectHome,PrivateTmp"

func (m systemdManager) status(s *Service) (Status, error) {
	out, err := s.systemctl("show", "--property="+properties, s.Name()+".service")
	if err != nil {
		return Status{}, fmt.Errorf("ask systemd about %s: %w", s.Name(), err)
	}
	return parseStatus(s, out), nil
}

func parseStatus(s *Service, show string) Status {
	is := make(map[string]string)
	for line := range strings.Lines(show) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		is[name] = value
	}
	st := Status{
		Name: s.Name(), Manager: s.host.platform, Says: is["StatusText"], File: is["FragmentPath"],
		Enabled: is["UnitFileState"] == "enabled", Log: "journalctl -u " + s.Name(),
	}
	if s.options.Own {
		st.Log = "journalctl --user -u " + s.Name()
	}
	st.PID, _ = strconv.Atoi(is["MainPID"])
	st.Restarts, _ = strconv.Atoi(is["NRestarts"])
	st.Memory, _ = strconv.ParseInt(is["MemoryCurrent"], 10, 64) // "[not set]": 0
	if uint64(st.Memory) >= 1<<62 {
		st.Memory = 0
	}
	st.Package = strings.HasPrefix(st.File, "/usr/lib/") || strings.HasPrefix(st.File, "/lib/")
	if r := is["Result"]; r != "" && r != "success" {
		st.LastExit = r
		if r == "exit-code" {
			st.LastExit = "it ended with status " + is["ExecMainStatus"]
		}
	}
	st.Program, st.Config = commandOf(is["ExecStart"])
	st.RunsAs, st.dynamic = is["User"], is["DynamicUser"] == "yes"
	if st.RunsAs == "" && !s.options.Own && st.File != "" {
		st.RunsAs = "root"
		if st.dynamic {
			st.RunsAs = s.Name()
		}
	}
	st.groups = strings.Fields(is["Group"] + " " + is["SupplementaryGroups"])
	if hides := is["ProtectHome"]; hides == "yes" || hides == "tmpfs" {
		st.hidden = append(st.hidden, hiddenHomes...)
	}
	if is["PrivateTmp"] == "yes" {
		st.hidden = append(st.hidden, hiddenTemporary...)
	}
	st.readOnly, st.writable = is["ProtectSystem"] == "strict", append(strings.Fields(is["ReadWritePaths"]), systemd.StateDir, "/run/trawl")
	if s.Role() == "watch" {
		st.writable = append(st.writable, systemd.LogsDir)
	}
	switch active, sub := is["ActiveState"], is["SubState"]; {
	case is["LoadState"] == "not-found":
		st.State, st.Log = NotInstalled, ""
	case active == "active", active == "reloading":
		st.State, st.LastExit = Running, ""
	case active == "activating" && sub != "auto-restart" && st.Restarts == 0:
		st.State = Starting
	case active == "failed", active == "activating": // a crash loop is no running service
		st.State = Failing
	default:
		st.State = Stopped
	}
	return st
}

// commandOf returns program and configuration file out of the property ExecStart, as in {
// path=/usr/bin/trawl ; argv[]=/usr/bin/trawl worker --config FILE ; … }. A configuration file with
// blanks in its name is not recognised.
func commandOf(execStart string) (program, config string) {
	_, rest, _ := strings.Cut(execStart, "path=")
	program, rest, _ = strings.Cut(rest, " ; ")
	_, rest, _ = strings.Cut(rest, "argv[]=")
	arguments, _, _ := strings.Cut(rest, " ; ")
	return program, configOf(strings.Fields(arguments))
}

// configOf returns the value of --config in a command line.
func configOf(words []string) string {
	for i, w := range words {
		if value, ok := strings.CutPrefix(w, "--config="); ok {
			return value
		}
		if w == "--config" && i+1 < len(words) {
			return words[i+1]
		}
	}
	return ""
}

// lastError returns the latest line of the journal with the priority of an error.
func (m systemdManager) lastError(s *Service) string {
	args := []string{"--unit=" + s.Name()}
	if s.options.Own {
		args = []string{"--user", "--unit=" + s.Name()}
	}
	out, err := s.host.run("journalctl", append(args, "--priority=err", "--lines=1", "--output=cat", "--no-pager", "--quiet")...)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.TrimSpace(out), "trawl: ")
}

// installed looks where units are.
func (systemdManager) installed(h *host) (names []string) {
	for _, dir := range []string{"/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"} {
		files, _ := filepath.Glob(h.path(dir + "/trawl-*.service"))
		for _, f := range files {
			names = append(names, strings.TrimSuffix(filepath.Base(f), ".service"))
		}
	}
	return names
}

// command is how trawl is called for this service.
func (s *Service) command(verb string) string {
	c := "trawl service " + verb + " " + s.options.Role
	if s.options.Instance != "" {
		c += " --name " + s.options.Instance
	}
	if s.options.Own {
		return c + " --user"
	}
	return "sudo " + c
}
