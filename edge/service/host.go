package service

// The system: programs, users, and which service manager runs.

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	library "github.com/kardianos/service"
	"golang.org/x/sys/unix"

	"trawl/systemd"
)

// host is the system as this package sees and changes it. Tests replace it.
type host struct {
	platform string // as the library names the service manager; empty: there is none
	root     string // in front of every path; empty but in tests
	uid      int
	home     string // of the calling user
	find     func(name string) error
	run      func(name string, args ...string) (stdout string, err error)
	control  func(s *Service) (library.Service, error)
	identify func(user string) account
}

func thisHost() host {
	home, _ := os.UserHomeDir()
	return host{
		platform: library.Platform(), uid: os.Geteuid(), home: home,
		find:    func(name string) error { _, err := exec.LookPath(name); return err },
		run:     run,
		control: control, identify: identify,
	}
}

// run runs a program. The error holds the output on stderr.
func run(name string, args ...string) (string, error) {
	var stdout, stderr strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		said := strings.Join(strings.Fields(stderr.String()), " ")
		if said == "" {
			said = err.Error()
		}
		err = fmt.Errorf("%s %s: %s", name, strings.Join(args, " "), said)
	}
	return stdout.String(), err
}

// groups returns the groups of the calling user.
func (h *host) groups() []int {
	gids, _ := os.Getgroups()
	return append(gids, os.Getegid())
}

func (h *host) path(p string) string {
	if h.root == "" {
		return p
	}
	return filepath.Join(h.root, p)
}

func (h *host) exists(p string) bool {
	_, err := os.Lstat(h.path(p))
	return err == nil
}

var errNoManager = errors.New("no service manager runs here; run trawl broker or trawl worker itself, under whatever starts programs on this system")

// manager chooses between systemd, launchd and the library. The library takes SysV for granted if
// there is nothing else, as in a container.
func (h *host) manager() (manager, error) {
	switch h.platform {
	case "":
		return nil, errNoManager
	case "linux-systemd":
		if !h.exists("/run/systemd/system") {
			return nil, fmt.Errorf("systemd is installed but has not started this system: %w", errNoManager)
		}
		return systemdManager{}, nil
	case "darwin-launchd":
		return launchdManager{}, nil
	case "unix-systemv":
		first, _ := os.ReadFile(h.path("/proc/1/comm"))
		if strings.TrimSpace(string(first)) != "init" {
			return nil, errNoManager
		}
	}
	return libraryManager{}, nil
}

func (h *host) defaultUser() string {
	if h.platform == "darwin-launchd" {
		return systemd.MacUser
	}
	return systemd.User
}

// control is the library's view of the service.
func control(s *Service) (library.Service, error) {
	return library.New(program{}, &library.Config{
		Name: s.unit.Name(), DisplayName: s.unit.Name(), Description: "trawl " + s.unit.Role,
		Executable: s.unit.Executable, Arguments: append([]string{s.unit.Role}, s.unit.Arguments...),
		UserName: s.unit.User,
		Option:   library.KeyValue{"UserService": s.options.Own, "RunAtLoad": true, "LogOutput": true},
	})
}

// program is not run by the library: trawl broker and trawl worker are.
type program struct{}

func (program) Start(library.Service) error { return nil }
func (program) Stop(library.Service) error  { return nil }

// ensureUser makes the user of the service if the user is trawl's own and missing.
func (h *host) ensureUser(name string, say Say) error {
	if h.hasUser(name) {
		return nil
	}
	if name == systemd.MacUser && h.platform == "darwin-launchd" {
		return h.makeRoleAccount(say)
	}
	if name != systemd.User {
		return fmt.Errorf("there is no user %s for the service to run as: make it, or name another with --run-as", name)
	}
	if err := unix.Access(h.path("/etc"), unix.W_OK); errors.Is(err, unix.EROFS) {
		return fmt.Errorf("the service is to run as the user %s, which is missing: %w", name, cannotWrite("/etc/passwd", err))
	}
	const home = systemd.StateDir
	var tried []error
	for _, c := range [][]string{
		append([]string{"systemd-sysusers", "--inline"}, sysusersLines()...),
		{"useradd", "--system", "--user-group", "--no-create-home", "--home-dir", home, "--shell", "/usr/sbin/nologin", name},
		{"adduser", "-S", "-D", "-H", "-h", home, "-s", "/sbin/nologin", name}, // BusyBox
	} {
		if h.find(c[0]) != nil {
			continue
		}
		if _, err := h.run(c[0], c[1:]...); err != nil {
			tried = append(tried, err)
			continue
		}
		say("made the user %s", name)
		return nil
	}
	if len(tried) == 0 {
		return fmt.Errorf("the service is to run as the user %s, which is missing, and there is no systemd-sysusers, useradd or adduser to make it; make it by hand, without a password, and install again", name)
	}
	return fmt.Errorf("the service is to run as the user %s, which could not be made: %w", name, errors.Join(tried...))
}

// Role accounts of macOS have numbers in this range (sysadminctl(8)).
const firstRoleID, lastRoleID = 200, 400

// makeRoleAccount makes the account of daemons on macOS: without home, shell and password, and
// hidden from the login window.
func (h *host) makeRoleAccount(say Say) error {
	fail := func(err error) error {
		return fmt.Errorf("the service is to run as the role account %s, which could not be made: %w; make it by hand, or name another user with --run-as", systemd.MacUser, err)
	}
	list, err := h.run("dscl", ".", "-list", "/Users", "UniqueID")
	if err != nil {
		return fail(err)
	}
	taken := make(map[string]bool)
	for line := range strings.Lines(list) {
		if words := strings.Fields(line); len(words) == 2 {
			taken[words[1]] = true
		}
	}
	for id := lastRoleID; id >= firstRoleID; id-- {
		if taken[strconv.Itoa(id)] {
			continue
		}
		_, err := h.run("sysadminctl", "-addUser", systemd.MacUser, "-fullName", "trawl", "-roleAccount", "-UID", strconv.Itoa(id), "-home", "/var/empty", "-shell", "/usr/bin/false")
		if err != nil {
			return fail(err)
		}
		say("made the role account %s", systemd.MacUser)
		return nil
	}
	return fail(errors.New("all numbers of role accounts are taken"))
}

// sysusersLines returns the lines of the file for sysusers.d in the packages.
func sysusersLines() (lines []string) {
	for line := range strings.Lines(systemd.Sysusers) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// hasUser looks into /etc/passwd first, which in tests is another system's.
func (h *host) hasUser(name string) bool {
	passwd, err := os.ReadFile(h.path("/etc/passwd"))
	if err == nil && strings.Contains("\n"+string(passwd), "\n"+name+":") {
		return true
	}
	if h.root != "" {
		return false
	}
	_, err = user.Lookup(name)
	return err == nil
}
