package service

// File access of the service's user, checked before systemd or launchd finds out.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// ensureReadable makes the user of the service if necessary, and returns an error for each file
// that the user cannot read.
func (s *Service) ensureReadable(say Say) error {
	if s.unit.User == "" {
		return nil // the caller has read the files already
	}
	if err := s.host.ensureUser(s.unit.User, say); err != nil {
		return err
	}
	who := s.host.identify(s.unit.User)
	var problems []error
	for _, f := range s.options.Files {
		if hidden := hiddenFromServices(f); hidden != "" && s.host.platform == "linux-systemd" {
			problems = append(problems, hiddenError(f, hidden))
		} else if err := who.canRead(f); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func hiddenError(path, hidden string) error {
	return fmt.Errorf("%s: a service does not see %s; move the file, to /etc/trawl for example", path, hidden)
}

// identify looks a user up.
func identify(name string) account {
	who := account{name: name, uid: -1}
	u, err := user.Lookup(name)
	if err != nil {
		return who // has the rights of everybody
	}
	who.uid, _ = strconv.Atoi(u.Uid)
	ids, _ := u.GroupIds()
	for _, id := range append(ids, u.Gid) {
		gid, _ := strconv.Atoi(id)
		who.gids = append(who.gids, gid)
	}
	return who
}

// join adds the groups of a unit.
func (w *account) join(groups []string) {
	for _, name := range groups {
		id := name
		if g, err := user.LookupGroup(name); err == nil {
			id = g.Gid
		}
		if gid, err := strconv.Atoi(id); err == nil {
			w.gids = append(w.gids, gid)
		}
	}
}

// account is a user, with the numbers in the owner and group of files.
type account struct {
	name    string
	uid     int // -1: unknown: systemd makes the account for each start, or there is none
	gids    []int
	dynamic bool // systemd makes the account for each start
}

// Rights to a file, as in the last three bits of a mode.
const (
	mayRead  fs.FileMode = 0o4
	mayWrite fs.FileMode = 0o2
	mayPass  fs.FileMode = 0o1
)

// canRead follows the path as the kernel does: every folder on the way must be passable and the
// file readable. A folder must be readable with everything in it. The error names the mode.
func (w *account) canRead(path string) error {
	if w.uid == 0 {
		return nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if err := w.canReach(path, real); err != nil {
		return err
	}
	info, err := os.Stat(real)
	if err != nil || !info.IsDir() {
		return w.canOpen(path, real)
	}
	if ok, mode := w.may(real, mayRead|mayPass); !ok {
		return fmt.Errorf("%s: the user %s, as which the service runs, cannot read this folder (mode %04o): chmod o+rx %s", path, w.name, mode, path)
	}
	entries, err := os.ReadDir(real)
	if err != nil {
		return nil // the caller may not look
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := w.canRead(filepath.Join(path, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// canReach returns an error if a folder above real cannot be passed.
func (w *account) canReach(path, real string) error {
	for dir := filepath.Dir(real); ; dir = filepath.Dir(dir) {
		if ok, mode := w.may(dir, mayPass); !ok {
			return fmt.Errorf("%s: the user %s, as which the service runs, cannot pass the folder %s (mode %04o): chmod o+x %s, or move the file to /etc/trawl", path, w.name, dir, mode, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func (w *account) canOpen(path, real string) error {
	ok, mode := w.may(real, mayRead)
	if ok {
		return nil
	}
	fix := "chmod o+r " + path
	switch {
	case mode&0o077 == 0 && w.dynamic:
		fix = "hand it in with LoadCredential= (systemctl edit), since the user is made for each start"
	case mode&0o077 == 0:
		fix = "chown " + w.name + " " + path
	}
	return fmt.Errorf("%s: the user %s, as which the service runs, cannot read it (mode %04o): %s", path, w.name, mode, fix)
}

// canWrite reports why the user cannot make files in a folder, or cannot make the
// folder.
func (w *account) canWrite(dir string) error {
	there, err := placeFor(dir)
	if err != nil || there == "" || w.uid == 0 {
		return err
	}
	real, err := filepath.EvalSymlinks(there)
	if err != nil {
		return nil // the folder has just disappeared
	}
	if err := w.canReach(dir, filepath.Join(real, "x")); err != nil {
		return err
	}
	ok, mode := w.may(real, mayWrite|mayPass)
	switch {
	case ok:
		return nil
	case there == dir:
		return fmt.Errorf("%s cannot be written by the user %s (mode %04o): chown %s %s", dir, w.name, mode, w.name, dir)
	}
	return fmt.Errorf("%s cannot be made by the user %s in %s (mode %04o): make it, and chown %s %s", dir, w.name, there, mode, w.name, dir)
}

// placeFor returns dir, or the nearest folder above dir that exists, and an error if nobody can
// make files there. The result is empty if the caller may not look.
func placeFor(dir string) (there string, err error) {
	there = dir
	info, err := os.Stat(there)
	for err != nil && there != filepath.Dir(there) {
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return "", nil
		}
		there = filepath.Dir(there)
		info, err = os.Stat(there)
	}
	switch {
	case err != nil:
		return "", nil
	case !info.IsDir():
		return "", fmt.Errorf("%s cannot be made: %s is not a directory", dir, there)
	}
	if err := unwritable(there); err != nil {
		return "", fmt.Errorf("%s cannot be written: %w", dir, err)
	}
	return there, nil
}

// may reports whether the account has all given rights to a file: by the access list of the file,
// or without one by the mode.
func (w *account) may(path string, rights fs.FileMode) (ok bool, mode fs.FileMode) {
	info, err := os.Stat(path)
	if err != nil {
		return true, 0 // the file has just disappeared
	}
	mode = info.Mode().Perm()
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || w.uid == 0 {
		return true, mode
	}
	if list := accessList(path); len(list) > 0 {
		return w.listed(list, int(owner.Uid), int(owner.Gid), rights), mode
	}
	has := mode & 0o7
	switch {
	case w.uid == int(owner.Uid):
		has = mode >> 6 & 0o7
	case slices.Contains(w.gids, int(owner.Gid)):
		has = mode >> 3 & 0o7
	}
	return has&rights == rights, mode
}
