package main

// What the services that are installed here make of the board: they run as another
// user than who asks, with a configuration of their own.

import (
	"path/filepath"
	"slices"
	"strings"

	"trawl/edge/board"
	"trawl/edge/config"
	"trawl/edge/doctor"
	"trawl/edge/service"
	"trawl/systemd"
)

// serviceSettings are the settings of an installed service. The environment does not
// count: the service has another.
func serviceSettings(st *service.Status) (*config.Config, error) {
	c, err := config.Load(st.Config, nil)
	if err == nil {
		err = c.Check()
	}
	return c, err
}

// isMeant reports whether a configuration is for a role: one that names nothing of it
// belongs to another, or to commands that ask.
func isMeant(c *config.Config, role string) bool {
	switch role {
	case "worker":
		return len(c.Worker.Rules) > 0
	case "watch":
		return len(c.Watch.Sources) > 0
	}
	return c.Security.AllowedKeys != "" || c.IsSet("broker.clients") || c.IsSet("broker.workers")
}

// serviceProblems are the files that an installed service cannot use as its user. Of
// one that is merely there, and whose configuration is not about it, there are none;
// what is wrong with the configuration itself is no problem of this kind.
func serviceProblems(s *service.Service, st *service.Status) []error {
	if st.State == service.NotInstalled {
		return nil
	}
	c, err := serviceSettings(st)
	if err != nil || !isMeant(c, s.Role()) && !st.Enabled && st.State == service.Stopped {
		return nil
	}
	files := filesOf(c, s.Role())
	if name := configName(st.Config); c.HasFile() {
		files = append([]string{name}, files...)
	}
	var folders []string
	switch s.Role() {
	case "worker":
		folders = append(folders, c.Worker.StateDir)
	case "watch":
		folders = append(folders, c.Watch.StateDir)
		files = append(files, followed(c)...)
		for i := range c.Watch.Sinks {
			if sink := &c.Watch.Sinks[i]; sink.File != nil {
				folders = append(folders, filepath.Dir(sink.File.Path))
			}
		}
	}
	folders = slices.DeleteFunc(folders, func(dir string) bool { return dir == "" || dir == systemd.StateDir })
	return s.Unusable(st, files, folders)
}

// texts are the messages of errors, a line each.
func texts(errs []error) (lines []string) {
	for _, err := range errs {
		lines = append(lines, strings.Split(err.Error(), "\n")...)
	}
	return lines
}

// examineServices is what trawl doctor looks at of the services installed here.
func examineServices() (list []doctor.Service) {
	for _, s := range service.Installed() {
		st, err := s.Status()
		if err != nil || st.State == service.NotInstalled {
			continue
		}
		d := doctor.Service{
			Name: st.Name, State: string(st.State), Fails: st.State == service.Failing, Restarts: st.Restarts,
			Says: st.Says, LastError: st.LastError, LastExit: st.LastExit, Refused: st.Refused,
			RunsAs: st.RunsAs, Program: st.Program, Log: st.Log, Config: configName(st.Config),
			Problems: serviceProblems(s, &st), Written: -1,
		}
		if n, known := board.Written(st.PID); known && st.PID > 0 {
			d.Written = n
		}
		if _, err := serviceSettings(&st); err != nil && (st.Enabled || st.State != service.Stopped) {
			d.ConfigError = err
		}
		list = append(list, d)
	}
	return list
}
