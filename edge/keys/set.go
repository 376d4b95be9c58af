// Set: the allowed keys in use, and how they are exchanged for newer ones.

package keys

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"trawl/edge/files"
	"trawl/edge/zmtp"
)

// Set is the keys that a file allows. Its methods are for any goroutine.
type Set struct {
	path    string
	entries atomic.Pointer[map[zmtp.PublicKey]Entry]

	mu     sync.Mutex
	read   string       // the file's stamp, before it was read last
	change files.Change // of the file since
}

// OpenSet reads the file of allowed keys at path. The error is a *Problems when
// the file can be read and is wrong.
func OpenSet(path string) (*Set, error) {
	s := &Set{path: path}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Reload reads the file again. With an error, as of OpenSet, the set stays as it
// was. Connections that are up stay up: whoever wants to end those of keys that
// went asks Lookup.
func (s *Set) Reload() error {
	stamp := files.Stamp(s.path, maxAllowed)
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

// Changed reports whether the file is another than the one that was read last, whatever
// its size and time say, and was so when Changed was called before, too: it is whole then.
func (s *Set) Changed() bool {
	now := files.Stamp(s.path, maxAllowed)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.change.Seen(now, s.read)
}

// Len returns how many keys are allowed.
func (s *Set) Len() int { return len(*s.entries.Load()) }

// Lookup returns what is known of a key, and whether it is allowed at all.
func (s *Set) Lookup(key zmtp.PublicKey) (Entry, bool) {
	e, ok := (*s.entries.Load())[key]
	return e, ok
}

// Authorizer returns a function for zmtp.Security.Authorize that admits keys
// with one of roles. It follows Reload. The user is the key in Z85; of a key that is
// allowed in another role, the reason why it is not admitted.
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
