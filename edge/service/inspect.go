package service

// Installed services, and the files that their users cannot use.

import (
	"errors"
	"fmt"
	"io/fs"
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"trawl/systemd"
)

// Installed returns the installed services of the system, sorted by name. Without a service manager
// there are none.
func Installed() []*Service { return installed(thisHost()) }

func installed(h host) (list []*Service) {
	m, err := h.manager()
	if err != nil {
		return nil
	}
	names := m.installed(&h)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		role, instance, _ := strings.Cut(strings.TrimPrefix(name, "trawl-"), "-")
		if s, err := open(Options{Role: role, Instance: instance}, h); err == nil { // else the service is not trawl's
			list = append(list, s)
		}
	}
	return list
}

// Role is broker, worker or watch.
func (s *Service) Role() string { return s.unit.Role }

// Unusable returns an error for each of files that the service with status st cannot read, and each
// of folders that it cannot write, as the user of the service. folders must not hold folders that
// the service manager makes. Files that the caller may not inspect are left out.
func (s *Service) Unusable(st *Status, files, folders []string) (problems []error) {
	if st.RunsAs == "" {
		return nil
	}
	who := s.host.identify(st.RunsAs)
	who.dynamic = st.dynamic
	who.join(st.groups)
	for _, f := range files {
		if hidden := hiding(f, st.hidden); hidden != "" {
			problems = append(problems, hiddenError(f, hidden))
		} else if err := who.canRead(f); err != nil && !errors.Is(err, fs.ErrPermission) {
			problems = append(problems, err)
		}
	}
	for _, dir := range folders {
		isMade := func(made string) bool { return within(dir, []string{made}) && !s.host.exists(made) }
		if isMade(systemd.StateDir) || s.Role() == "watch" && isMade(systemd.LogsDir) {
			continue // the unit makes the folder
		}
		if st.readOnly && !within(dir, st.writable) {
			problems = append(problems, fmt.Errorf("%s: the unit lets the service write to %s alone: leave the setting out, or allow the folder: systemctl edit %s, and in the section [Service] ReadWritePaths=%s",
				dir, strings.Join(st.writable, " and "), s.Name(), dir))
		} else if err := who.canWrite(dir); err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}

// within reports whether path is in folders, or below one of them.
func within(path string, folders []string) bool {
	return slices.ContainsFunc(folders, func(dir string) bool {
		dir = filepath.Clean(strings.TrimLeft(dir, "-+"))
		return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
	})
}

// Writable reports why nobody can write or make a folder; with self, also why the calling user
// cannot.
func Writable(dir string, self bool) error {
	if !self {
		_, err := placeFor(dir)
		return err
	}
	h := thisHost()
	who := account{name: "that calls", uid: h.uid, gids: h.groups()}
	if u, err := user.Current(); err == nil {
		who.name = u.Username
	}
	return who.canWrite(dir)
}
