package service

// All other service managers, through the library.

import (
	"errors"
	"fmt"

	library "github.com/kardianos/service"
)

// libraryManager handles OpenRC, SysV, Upstart, procd and rcS, with the scripts of the library.
type libraryManager struct{}

func (libraryManager) plan(s *Service, say Say) error {
	if user := s.unit.User; user != "" && !s.host.hasUser(user) {
		say("# would make the user %s", user)
	}
	say("# would install %s with the script for %s of github.com/kardianos/service, which runs:", s.Name(), s.host.platform)
	say("%s %s%s", s.unit.Executable, s.unit.Role, joined(s.unit.Arguments))
	return nil
}

func joined(words []string) (out string) {
	for _, w := range words {
		out += " " + w
	}
	return out
}

func (m libraryManager) install(s *Service, say Say) error {
	l, err := s.host.control(s)
	if err != nil {
		return err
	}
	if st, _ := m.status(s); st.State != NotInstalled {
		say("%s is installed already; to install it anew: %s first", s.Name(), s.command("uninstall"))
		return nil
	}
	if err := s.ensureReadable(say); err != nil {
		return err
	}
	if err := l.Install(); err != nil {
		_ = l.Uninstall() // removes a partial installation
		return fmt.Errorf("install %s with %s: %w", s.Name(), s.host.platform, err)
	}
	say("installed %s with %s; to start it now: %s", s.Name(), s.host.platform, s.command("start"))
	return nil
}

func (m libraryManager) uninstall(s *Service, say Say) error {
	l, err := s.host.control(s)
	if err != nil {
		return err
	}
	if st, _ := m.status(s); st.State == NotInstalled {
		return fmt.Errorf("%s is not installed", s.Name())
	} else if st.State == Running {
		if err := l.Stop(); err != nil {
			return fmt.Errorf("%s could not be stopped and stays installed: %w", s.Name(), err)
		}
	}
	if err := l.Uninstall(); err != nil {
		return fmt.Errorf("uninstall %s: %w", s.Name(), err)
	}
	say("stopped and removed %s; configuration, keys and packs stay", s.Name())
	return nil
}

func (libraryManager) control(s *Service, do func(library.Service) error) error {
	l, err := s.host.control(s)
	if err == nil {
		err = do(l)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name(), err)
	}
	return nil
}

func (m libraryManager) start(s *Service) error   { return m.control(s, library.Service.Start) }
func (m libraryManager) stop(s *Service) error    { return m.control(s, library.Service.Stop) }
func (m libraryManager) restart(s *Service) error { return m.control(s, library.Service.Restart) }

func (libraryManager) lastError(*Service) string { return "" }

// installed asks for trawl's two services without an instance name.
func (m libraryManager) installed(h *host) (names []string) {
	for _, role := range []string{"broker", "worker"} {
		if s, err := open(Options{Role: role}, *h); err == nil {
			if st, _ := m.status(s); st.State != NotInstalled {
				names = append(names, s.Name())
			}
		}
	}
	return names
}

func (libraryManager) status(s *Service) (Status, error) {
	st := Status{Name: s.Name(), Manager: s.host.platform, State: Stopped}
	l, err := s.host.control(s)
	if err != nil {
		return st, err
	}
	switch is, err := l.Status(); {
	case errors.Is(err, library.ErrNotInstalled):
		st.State = NotInstalled
	case err != nil:
		st.State, st.LastExit = Failing, err.Error()
	case is == library.StatusRunning:
		st.State = Running
	}
	return st, nil
}
