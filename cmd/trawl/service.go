package main

// trawl service: a broker, a worker or a watcher as a service of the system.

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"trawl/edge/config"
	"trawl/edge/human"
	"trawl/edge/service"
	"trawl/edge/zmtp"
	"trawl/systemd"
)

// Exit statuses of trawl service status, as those of systemctl.
const (
	statusNotRunning   = 3
	statusNotInstalled = 4
)

func (a *app) serviceCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "service",
		Short: "Run a broker, a worker or a watcher as a service of this system: it starts with the board, and again if it dies",
		Long: `Run a broker, a worker or a watcher as a service of this system: it starts with the board, and
again within a second if it dies. With systemd (Raspberry Pi OS, Debian and most
others) and launchd (macOS) trawl writes a unit of its own; OpenRC, SysV and others
get a plain script. A watcher (trawl watch) is a service with systemd alone.

A service takes its settings from the configuration file alone, not from the
environment or flags. It runs as the user trawl (on macOS _trawl), which install makes if it is
missing, and does not see /home, /root and /tmp: put the program into /usr/local/bin
and configuration, rules and keys into /etc/trawl.`,
		Example: `  sudo install -m 755 trawl /usr/local/bin/trawl
  sudo trawl service install worker && sudo trawl service start worker
  trawl service status worker`,
	})
	cmd.AddCommand(a.serviceInstallCommand(), a.serviceVerb("uninstall", "Stop the service and remove it; configuration, keys and packs stay",
		func(s *service.Service) error { return s.Uninstall(a.say) }),
		a.serviceVerb("start", "Start the service and wait until it is ready", (*service.Service).Start),
		a.serviceVerb("stop", "Stop the service, once it has answered what it has", (*service.Service).Stop),
		a.serviceVerb("restart", "Stop the service and start it", (*service.Service).Restart),
		a.serviceStatusCommand())
	return cmd
}

func (a *app) say(format string, args ...any) { a.printf(format+"\n", args...) }

// serviceFlags adds what tells services apart.
func serviceFlags(cmd *cobra.Command) (o *service.Options) {
	o = &service.Options{}
	cmd.Flags().StringVar(&o.Instance, "name", "", "one of several services of a kind on this board, as trawl-worker-NAME")
	cmd.Flags().BoolVar(&o.Own, "user", false, "a service of the calling user, without root (systemctl --user, LaunchAgents)")
	placeholder(cmd.Flags(), "name", "NAME")
	cmd.Args = oneRole
	cmd.ValidArgs = service.Roles()
	return o
}

func oneRole(cmd *cobra.Command, args []string) error {
	if len(args) != 1 || !slices.Contains(service.Roles(), args[0]) {
		return usage(cmd, "say which service: broker, worker or watch")
	}
	return nil
}

func (a *app) serviceVerb(verb, short string, do func(*service.Service) error) *cobra.Command {
	cmd := &cobra.Command{Use: verb + " broker|worker|watch", Short: short}
	o := serviceFlags(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		o.Role = args[0]
		s, err := service.Open(*o)
		if err != nil {
			return err
		}
		return do(s)
	}
	return cmd
}

func (a *app) serviceInstallCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "install broker|worker|watch",
		Short: "Make the service start with the board",
		Long: `Make the service start with the board. The configuration is checked first, and
whether the service's user can read all it names. If the service is there already it
is brought up to date: nothing happens if nothing has changed, else its file is
replaced, and the service restarted if it was running. If something goes wrong, what
was there before is in place again.

It is not started now, unless --now says so.`,
		Example: `  sudo trawl service install broker --now
  sudo trawl service install worker --name second --config /etc/trawl/second.yaml
  trawl service install worker --dry-run`,
	}
	o := serviceFlags(cmd)
	dry := cmd.Flags().Bool("dry-run", false, "show what would be written and run, and do nothing")
	cmd.Flags().BoolVar(&o.Now, "now", false, "start it, too")
	cmd.Flags().StringVar(&o.RunAs, "run-as", "", "user that the service runs as (default trawl; on macOS _trawl)")
	placeholder(cmd.Flags(), "run-as", "USER")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.Role = args[0]
		var err error
		if o.Config, o.Files, err = a.serviceConfig(cmd, o); err != nil {
			return err
		}
		switch {
		case o.Instance != "" && o.Role == "watch":
			o.Arguments = []string{"--state", filepath.Join(systemd.StateDir, "watch-"+o.Instance)}
		case o.Instance != "":
			o.Arguments = []string{"--name", o.Instance}
		}
		s, err := service.Open(*o)
		if err != nil {
			return err
		}
		if *dry {
			return s.Plan(a.say)
		}
		if err := s.Install(a.say); err != nil || !o.Now {
			return err
		}
		if err := s.Start(); err != nil {
			return fmt.Errorf("installed, but: %w", err)
		}
		a.say("%s is running", s.Name())
		return nil
	}
	return cmd
}

// serviceConfig checks the configuration that the service will have, and returns
// its file, if one was named, and all files that it will read. The environment
// does not count: the service has another.
func (a *app) serviceConfig(cmd *cobra.Command, o *service.Options) (path string, files []string, err error) {
	if path = cmd.Flag("config").Value.String(); path != "" {
		if path, err = filepath.Abs(path); err != nil {
			return "", nil, err
		}
		files = append(files, path)
	} else if _, err := os.Stat(config.DefaultPath); err == nil {
		files = append(files, config.DefaultPath)
	}
	c, err := config.Load(path, nil)
	if err != nil {
		return "", nil, err
	}
	if err := c.Check(); err != nil {
		return "", nil, err
	}
	named, err := serviceFiles(c, o.Role)
	if err == nil && o.Instance != "" && o.Own && o.Role == "watch" {
		err = errors.New("--name is not for a watcher with --user: give one watcher all sources and sinks")
	}
	if err == nil && o.Instance != "" && o.Role == "worker" && c.IsSet("worker.name") {
		err = fmt.Errorf("worker.name is set in %s, and --name %s would be told twice: remove it there", configName(path), o.Instance)
	}
	return path, append(files, named...), err
}

// serviceFiles checks what a role needs, and lists the files that it reads.
func serviceFiles(c *config.Config, role string) ([]string, error) {
	files := filesOf(c, role)
	if isHandedIn(c.Security.Key) {
		public := *c
		public.Security = config.Security{ServerKey: c.Security.ServerKey, AllowedKeys: c.Security.AllowedKeys}
		c = &public
	}
	switch role {
	case "broker":
		_, err := brokerSecurity(c)
		return files, err
	case "watch":
		if err := watchServes(c); err != nil {
			return nil, err
		}
		_, err := peerSecurity(c)
		return files, err
	}
	if len(c.Worker.Rules) == 0 {
		return nil, errors.New("a worker needs rules: name them in the configuration, as in worker: {rules: {default: [words.txt]}}")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Worker.Rules)) {
		for _, f := range c.Worker.Rules[name] {
			if _, err := os.Stat(f); err != nil {
				return nil, fmt.Errorf("rules %s: %w", name, err)
			}
		}
	}
	_, err := peerSecurity(c)
	return files, err
}

// isHandedIn reports whether systemd puts a file there when it starts the service, and
// not before.
func isHandedIn(file string) bool { return strings.HasPrefix(file, "/run/credentials/") }

// filesOf lists the files that a role reads, whether they are there or not.
func filesOf(c *config.Config, role string) (files []string) {
	s := &c.Security
	if s.On() && !isHandedIn(s.Key) {
		files = append(files, s.Key)
	}
	switch role {
	case "broker":
		if s.AllowedKeys != "" {
			files = append(files, s.AllowedKeys)
		}
		return files
	case "watch":
		files = append(files, watchSecrets(c)...)
		if !c.IsSet("client.brokers") {
			for _, name := range c.Watch.Rules {
				files = append(files, c.Worker.Rules[name]...)
			}
			return files
		}
	}
	if _, err := zmtp.ParsePublicKey(s.ServerKey); s.ServerKey != "" && err != nil { // else it is the key itself
		files = append(files, s.ServerKey)
	}
	if role == "worker" {
		for _, name := range slices.Sorted(maps.Keys(c.Worker.Rules)) {
			files = append(files, c.Worker.Rules[name]...)
		}
	}
	return files
}

func configName(path string) string {
	if path == "" {
		return config.DefaultPath
	}
	return path
}

func (a *app) serviceStatusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status broker|worker|watch",
		Short: "Tell how the service is; exit status 0 if it runs, 3 if not, 4 if it is not installed",
	}
	o := serviceFlags(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		o.Role = args[0]
		s, err := service.Open(*o)
		if err != nil {
			return err
		}
		st, err := s.Status()
		if err != nil {
			return err
		}
		a.status = serviceExit(st.State)
		problems := serviceProblems(s, &st)
		if *asJSON {
			b, err := json.MarshalIndent(struct {
				*service.Status
				Problems []string `json:"problems,omitempty"`
			}{&st, texts(problems)}, "", "  ")
			a.printJSON(b)
			return err
		}
		a.printServiceStatus(&st, problems)
		return nil
	}
	return cmd
}

// serviceExit is the exit status that tells a state.
func serviceExit(s service.State) int {
	switch s {
	case service.Running:
		return statusOK
	case service.NotInstalled:
		return statusNotInstalled
	}
	return statusNotRunning
}

func (a *app) printServiceStatus(st *service.Status, problems []error) {
	a.printf("%s: %s", st.Name, st.State)
	if st.Says != "" && st.State != service.Stopped {
		a.printf(", %s", st.Says)
	}
	if st.LastExit != "" {
		a.printf(" (%s)", st.LastExit)
	}
	a.printf("\n")
	if st.State == service.NotInstalled {
		return
	}
	if st.PID > 0 {
		a.printf("  process    %d", st.PID)
		if st.Memory > 0 {
			a.printf(", %s with its files' pages", human.Bytes(st.Memory))
		}
		a.printf("\n")
	}
	if st.Restarts > 0 {
		a.printf("  restarted  %d times without being asked to\n", st.Restarts)
	}
	if st.LastError != "" && !strings.HasPrefix(st.Says, st.LastError) {
		a.printf("  last error %s\n", st.LastError)
	}
	for _, p := range texts(problems) {
		a.printf("  problem    %s\n", p)
	}
	boot := "does not start with the board"
	if st.Enabled {
		boot = "starts with the board"
	}
	a.printf("  installed  %s, %s\n  log        %s\n", st.File, boot, st.Log)
}
