package systemd

// The unit file for systemd.

import (
	_ "embed"
	"fmt"
	"path"
	"strings"
)

//go:embed trawl-broker.service.in
var brokerTemplate string

//go:embed trawl-worker.service.in
var workerTemplate string

//go:embed trawl-watch.service.in
var watchTemplate string

//go:embed hardening.conf
var hardening string

//go:embed hardening-user.conf
var hardeningUser string

// Sysusers is the file for /usr/lib/sysusers.d that makes the user of the services.
//
//go:embed trawl.sysusers
var Sysusers string

// Mark is in every file made by Unit and Plist, and tells these files from files of somebody else.
const Mark = "Made by trawl service install, which replaces it"

// User is the user that services run as.
const User = "trawl"

// LogsDir is the folder for events of a watcher, which its unit makes.
const LogsDir = "/var/log/trawl"

// Unit says what to run, and how.
type Unit struct {
	Role       string   // broker, worker or watch
	Instance   string   // tells several services of one role apart; may be empty
	Executable string   // absolute path
	Arguments  []string // after the role
	User       string   // to run as; empty: the unit is for a user's own manager
	Packaged   bool     // the unit belongs to a package, and is not made by us
}

// Name is the name of the service, without the suffix that a manager wants.
func (u *Unit) Name() string {
	if u.Instance != "" {
		return "trawl-" + u.Role + "-" + u.Instance
	}
	return "trawl-" + u.Role
}

// Systemd returns the unit file.
func (u *Unit) Systemd() string {
	template, state := brokerTemplate, ""
	// The percentages are of the board's memory. A broker takes at most four times limits.memory,
	// which is an eighth of it by default. A worker's packs count as long as the kernel needs their
	// pages for nothing else.
	memory := "# A broker takes four times limits.memory at most.\nMemoryMax=60%"
	groups := ""
	if u.Role != "broker" {
		state = "StateDirectory=trawl\nStateDirectoryMode=0750\n"
		memory = "# Packs are maps of files: they may fill it without harm.\nMemoryMax=75%"
	}
	switch u.Role {
	case "worker":
		template = workerTemplate
	case "watch":
		template = watchTemplate
		// Members of adm may read /var/log, members of systemd-journal the journal.
		groups = "SupplementaryGroups=adm systemd-journal\nLogsDirectory=trawl\nLogsDirectoryMode=0750\n"
	}
	identity := "User=" + u.User + "\n" + groups + "ConfigurationDirectory=trawl\n" + state +
		"RuntimeDirectory=trawl\nRuntimeDirectoryPreserve=yes"
	rules, target := hardening, "multi-user.target"
	if u.User == "" {
		identity, rules, target = strings.TrimSuffix(state, "\n"), hardeningUser, "default.target"
	}
	manual := "" // systemd-analyze verify complains of missing pages
	mark := "# " + Mark + "; to change something: systemctl edit " + u.Name()
	if u.Packaged {
		mark = "# To change something: systemctl edit " + u.Name()
		manual = "Documentation=man:trawl-" + u.Role + "(1)\n"
	}
	instance := ""
	if u.Instance != "" {
		instance = " " + strings.ReplaceAll(u.Instance, "%", "%%")
	}
	return tidy(strings.NewReplacer(
		"@MARK@", mark,
		"@DOCUMENTATION@\n", manual,
		"@INSTANCE@", instance,
		"@EXEC@", u.commandLine(),
		"@IDENTITY@", identity,
		"@MEMORY@", memory,
		"@HARDENING@", rules,
		"@TARGET@", target,
	).Replace(template))
}

// tidy leaves at most one empty line in a row, and no space at either end.
func tidy(s string) string {
	for strings.Contains(s, "\n\n\n") {
		s = strings.ReplaceAll(s, "\n\n\n", "\n\n")
	}
	return strings.TrimSpace(s) + "\n"
}

func (u *Unit) commandLine() string {
	words := append([]string{u.Executable, u.Role}, u.Arguments...)
	for i, w := range words {
		words[i] = quote(w)
	}
	return strings.Join(words, " ")
}

// quote writes a word for systemd.service(5) and systemd.syntax(7), which would replace % and $,
// and split words at blanks and quotes.
func quote(w string) string {
	w = strings.NewReplacer("%", "%%", "$", "$$", `\`, `\\`).Replace(w)
	if w != "" && !strings.ContainsAny(w, " \t\"';") {
		return w
	}
	return `"` + strings.ReplaceAll(w, `"`, `\"`) + `"`
}

// Check reports why u cannot be written into a unit file.
func (u *Unit) Check() error {
	if !path.IsAbs(u.Executable) {
		return fmt.Errorf("the program must be named with its whole path, not %q", u.Executable)
	}
	for _, w := range append([]string{u.Executable, u.Instance, u.User}, u.Arguments...) {
		if strings.ContainsFunc(w, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return fmt.Errorf("%q cannot be written into the file of a service", w)
		}
	}
	if strings.ContainsAny(u.Executable, `"'\`) { // systemd refuses quotes and backslashes here, even quoted
		return fmt.Errorf("the program's path %s contains quotes or backslashes, which systemd does not take; move it, to /usr/local/bin for example", u.Executable)
	}
	return nil
}

// StateDir is where the unit's StateDirectory is.
const StateDir = "/var/lib/trawl"
