package keys

// Set: the allowed keys in use, and how newer ones replace them.

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"trawl/edge/files"
	"trawl/edge/zmtp"
)

// Set is the keys that a file allows. The methods may be called concurrently.
type Set struct {
	path    string
	entries atomic.Pointer[map[zmtp.PublicKey]Entry]

	mu     sync.Mutex
	read   string       // fingerprint of the file, taken before the last reading
	change files.Change // of the file since then
}

// OpenSet reads the file of allowed keys at path. If the file can be read and is wrong, the error
// is a problem.List.
func OpenSet(path string) (*Set, error) {
	s := &Set{path: path}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Reload reads the file again. After an error, as of OpenSet, the set is unchanged. Connections are
// not closed: to end those of removed keys, callers ask Lookup.
func (s *Set) Reload() error {
	stamp := files.Fingerprint(s.path, maxAllowed)
	s.mu.Lock()
	s.read = stamp
	s.mu.Unlock()
	text, err := readAllowed(s.path)
	if err != nil {
		return err
	}
	if err := mistakenForAllowed(s.path, text); err != nil {
		return err
	}
	list, err := ParseAllowed(s.path, text)
	if err != nil {
		return err
	}
	entries := make(map[zmtp.PublicKey]Entry, len(list))
	for _, e := range list {
		entries[e.Key] = e
	}
	s.entries.Store(&entries)
	return nil
}

func readAllowed(path string) (string, error) {
	text, err := files.Read(path, maxAllowed)
	if err != nil {
		return "", fmt.Errorf("read allowed keys: %w", unopened(path, err))
	}
	return string(text), nil
}

// Changed reports whether the file differs from the last one read, in content or identity, and
// differed in the same way at the last call of Changed: then the file is complete.
func (s *Set) Changed() bool {
	now := files.Fingerprint(s.path, maxAllowed)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.change.Seen(now, s.read)
}

// Len returns how many keys are allowed.
func (s *Set) Len() int { return len(*s.entries.Load()) }

// Lookup returns the entry of a key, and whether the key is allowed at all.
func (s *Set) Lookup(key zmtp.PublicKey) (Entry, bool) {
	e, ok := (*s.entries.Load())[key]
	return e, ok
}

// Authorizer returns a function for zmtp.Security.Authorize that admits keys with one of the wanted
// roles, also after a Reload. The user is the key in Z85, or, for a key with another role, the
// reason of the refusal.
func (s *Set) Authorizer(wanted ...Role) func(zmtp.PublicKey) (user string, ok bool) {
	return func(key zmtp.PublicKey) (string, bool) {
		e, ok := s.Lookup(key)
		if ok && !slices.Contains(wanted, e.Role) {
			return fmt.Sprintf("is allowed as %s, and this endpoint is for the roles %s", e.Role, joinRoles(wanted)), false
		}
		return key.String(), ok
	}
}

func joinRoles(list []Role) string {
	words := make([]string, len(list))
	for i, r := range list {
		words[i] = string(r)
	}
	return strings.Join(words, " and ")
}
