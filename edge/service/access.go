package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// admit makes the user of the service, if it has to, and reports the files that it
// cannot read, and why.
func (s *Service) admit(say Say) error {
	if s.unit.User == "" {
		return nil // whoever calls has read them already
	}
	if err := s.host.ensureUser(s.unit.User, say); err != nil {
		return err
	}
	who := s.host.identify(s.unit.User)
	var problems []error
	for _, f := range s.options.Files {
		if hidden := hiddenFromServices(f); hidden != "" && s.host.platform == "linux-systemd" {
			problems = append(problems, fmt.Errorf("%s: a service does not see %s; move the file, to /etc/trawl for example", f, hidden))
		} else if err := who.canRead(f); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// identify looks a user up.
func identify(name string) someone {
	who := someone{name: name, uid: -1}
	u, err := user.Lookup(name)
	if err != nil {
		return who // may what everybody may
	}
	who.uid, _ = strconv.Atoi(u.Uid)
	ids, _ := u.GroupIds()
	for _, id := range append(ids, u.Gid) {
		gid, _ := strconv.Atoi(id)
		who.gids = append(who.gids, gid)
	}
	return who
}

// someone is a user, by the numbers that files are marked with.
type someone struct {
	name string
	uid  int
	gids []int
}

// canRead follows the path as the kernel does: every folder must let pass, the file
// be readable. Access lists are not looked at, so a refusal names the mode.
func (w *someone) canRead(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	for dir := filepath.Dir(real); ; dir = filepath.Dir(dir) {
		if ok, mode := w.may(dir, 0o1); !ok {
			return fmt.Errorf("%s: the user %s, as which the service runs, cannot pass the folder %s (mode %04o): chmod o+x %s, or move the file to /etc/trawl", path, w.name, dir, mode, dir)
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if ok, mode := w.may(real, 0o4); !ok {
		fix := "chmod o+r " + path
		if mode&0o077 == 0 {
			fix = "chown " + w.name + " " + path
		}
		return fmt.Errorf("%s: the user %s, as which the service runs, cannot read it (mode %04o): %s", path, w.name, mode, fix)
	}
	return nil
}

// may reports whether someone has the right (1: pass, 4: read) to a file.
func (w *someone) may(path string, right fs.FileMode) (ok bool, mode fs.FileMode) {
	info, err := os.Stat(path)
	if err != nil {
		return true, 0 // it was there a moment ago
	}
	mode = info.Mode().Perm()
	owner, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return true, mode
	case w.uid == int(owner.Uid):
		return mode&(right<<6) != 0, mode
	case slices.Contains(w.gids, int(owner.Gid)):
		return mode&(right<<3) != 0, mode
	}
	return mode&right != 0, mode
}
