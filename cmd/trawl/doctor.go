package main

// trawl doctor: what is good and what is not about this board.

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"trawl/edge/board"
	"trawl/edge/client"
	"trawl/edge/config"
	"trawl/edge/doctor"
	"trawl/edge/rules"
	"trawl/edge/service"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
	"trawl/systemd"
)

func (a *app) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what is good and what is not about this board; exit status 1 if something is at fault",
		Long: `Tell, on one page, what is good and what is not about this board as a home for
trawl: processor, power, heat, memory, swap, clock and memory card; services, which
are looked at as the user that each runs as; configuration, keys and rules; ports,
the brokers that a worker is to serve, and what a watcher follows. A fault keeps trawl from
working; a warning does not. Nothing is changed.

With sudo it sees also what only root may, such as the service's keys and packs.`,
		Args: noArgs,
	}
	asJSON := cmd.Flags().Bool("json", false, "print JSON, a list of findings")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		findings := doctor.Check(cmd.Context(), a.host(cmd))
		for _, f := range findings {
			if f.Verdict == doctor.Fault {
				a.status = statusNoMatch // 1
			}
		}
		if *asJSON {
			b, err := json.MarshalIndent(findings, "", "  ")
			a.printJSON(b)
			return err
		}
		for _, f := range findings {
			a.printf("%-7s %-14s ", f.Verdict, f.What)
			a.printLines(f.Says)
			if f.Do != "" {
				a.printf("%-7s %-14s → %s\n", "", "", f.Do)
			}
		}
		return nil
	}
	return cmd
}

// host is this board.
func (a *app) host(cmd *cobra.Command) *doctor.Host {
	path := cmd.Flag("config").Value.String()
	c, err := config.Load(path, a.env)
	if err == nil {
		err = c.Check()
	}
	if path == "" {
		if _, missing := os.Stat(config.DefaultPath); !errors.Is(missing, fs.ErrNotExist) {
			path = config.DefaultPath
		}
	}
	limit := limitMemory(0)
	p := &doctor.Host{
		Facts: board.Read(), Health: board.ReadHealth(), SystemSetup: board.ReadSystemSetup(),
		Build: buildTarget(), Now: time.Now(), Clock: board.ClockSynchronised,
		MemoryLimit: limit.bytes, LimitComesOf: limit.from, Free: board.Free,
		Config: c, ConfigError: err, ConfigFile: path, StateDir: a.serviceStateDir(c),
		Listen:    listenOnce,
		Installed: func(role string) bool { return serviceState(role) != service.NotInstalled },
		Running:   func(role string) bool { return serviceState(role) == service.Running },
	}
	store := rules.NewStore(p.StateDir, versionString(), slog.New(slog.DiscardHandler))
	p.Cached = func(files []string, set string) (int64, bool) {
		return store.Cached(files, rules.Options{Name: set})
	}
	p.Services, p.Programs = examineServices(), programsCalled("trawl", a.env)
	p.Unwritable = unwritableState(p.StateDir)
	p.MacOS, p.Agents = macOS()
	if c != nil {
		p.Followed = followedPatterns(c)
	}
	p.InMemory = board.IsTmpfs
	_, p.Journalctl = exec.LookPath("journalctl")
	p.Ping = func(ctx context.Context, endpoint string) (string, error) { return ping(ctx, c, endpoint) }
	p.Reach = func(ctx context.Context, endpoint string) (bool, error) { return reach(ctx, c, endpoint) }
	return p
}

// buildTarget is what the program was built for, as "arm 6" or "arm64".
func buildTarget() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "GOARM" {
				version, _, _ := strings.Cut(s.Value, ",") // 6,softfloat
				return runtime.GOARCH + " " + version
			}
		}
	}
	return runtime.GOARCH
}

// serviceStateDir is where a worker that is a service keeps its packs, if there
// is one.
func (a *app) serviceStateDir(c *config.Config) string {
	if c.Worker.StateDir == "" {
		for _, dir := range []string{systemd.StateDir, systemd.MacStateDir} {
			if _, err := os.Stat(dir); err == nil {
				return dir
			}
		}
	}
	return stateDir(c, a.env)
}

// listenOnce binds an endpoint and lets go of it.
func listenOnce(endpoint string) error {
	l, err := zmtp.Listen(endpoint, zmtp.Options{SocketType: "ROUTER"})
	if err != nil {
		return err
	}
	return l.Close()
}

// serviceState is that of a role's service on this board.
func serviceState(role string) service.State {
	s, err := service.Open(service.Options{Role: role})
	if err != nil {
		return service.NotInstalled // nothing could have installed it
	}
	st, err := s.Status()
	if err != nil {
		return service.NotInstalled
	}
	return st.State
}

// ping asks the broker at one endpoint for its name.
func ping(ctx context.Context, c *config.Config, endpoint string) (string, error) {
	security, err := peerSecurity(c)
	if err != nil {
		return "", err
	}
	asking, err := client.New(client.Options{Brokers: []string{endpoint}, Security: security})
	if err != nil {
		return "", err
	}
	defer asking.Close()
	until, _ := ctx.Deadline()
	doc, err := asking.Control(ctx, wire.OpPing, "", time.Until(until))
	if err != nil {
		return "", err
	}
	var pong wire.Pong
	err = json.Unmarshal(doc, &pong)
	return pong.Broker, err
}

// reach makes the connection of a worker, with its keys, and says nothing.
func reach(ctx context.Context, c *config.Config, endpoint string) (refused bool, err error) {
	security, err := peerSecurity(c)
	if err != nil {
		return false, err
	}
	conn, err := zmtp.Dial(ctx, endpoint, zmtp.Options{SocketType: "DEALER", Security: security})
	if err != nil {
		return zmtp.IsRefusal(err), rootCause(err)
	}
	return false, conn.Close()
}

// unwritableState is why a worker cannot write its folder. The one of the unit is made
// by systemd for the service's user; a service of its own configuration is looked at
// with the services.
func unwritableState(dir string) error {
	if dir == "" {
		return nil
	}
	ofService := dir == systemd.StateDir || dir == systemd.MacStateDir
	return service.Writable(dir, !ofService && serviceState("worker") == service.NotInstalled)
}

// programsCalled returns the different files of a name, in the order in which a shell
// looks for them, and then where programs are put by hand or by packages.
func programsCalled(name string, env []string) (paths []string) {
	var folders []string
	for _, e := range env {
		if list, ok := strings.CutPrefix(e, "PATH="); ok {
			folders = filepath.SplitList(list)
		}
	}
	var seen []os.FileInfo
	for _, dir := range append(folders, "/usr/local/bin", "/usr/bin", "/opt/homebrew/bin") {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err != nil || !filepath.IsAbs(path) || !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 ||
			slices.ContainsFunc(seen, func(other os.FileInfo) bool { return os.SameFile(info, other) }) {
			continue
		}
		seen = append(seen, info)
		paths = append(paths, path)
	}
	return paths
}
