package keys

// The file of allowed keys. Each line allows one key:
//
//	# key                                    role   name
//	rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7 client the log shipper in the attic
//
// A word that begins with # starts a comment. # is a digit of Z85, but no key begins with #: as the
// first of five digits it would stand for more than four bytes can hold.

import (
	"fmt"
	"slices"
	"strings"

	"trawl/edge/escape"
	"trawl/edge/problem"
	"trawl/edge/zmtp"
)

// Role is the role of a key's owner.
type Role string

// The roles.
const (
	Client Role = "client" // sends requests
	Worker Role = "worker" // answers requests
	Admin  Role = "admin"  // both, and stops brokers and workers
)

var roles = []Role{Client, Worker, Admin}

// Entry is one allowed key.
type Entry struct {
	Key  zmtp.PublicKey
	Role Role
	Name string // for people; may be empty
	Line int    // in the file, from 1
}

const (
	maxName    = 100     // bytes
	maxAllowed = 4 << 20 // bytes of the file: some 50,000 keys
)

// ParseAllowed reads the content of a file of allowed keys, in the order of the lines. file is the
// name in errors, which are a problem.List.
func ParseAllowed(file, text string) ([]Entry, error) {
	var problems problem.Collector
	var entries []Entry
	lineOf := make(map[zmtp.PublicKey]int)
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		number++
		words := strings.Fields(line)
		if comment := slices.IndexFunc(words, startsComment); comment >= 0 {
			words = words[:comment]
		}
		if len(words) == 0 {
			continue
		}
		e, err := parseEntry(words)
		if err != nil {
			problems.Add(file, number, "%s", err)
			continue
		}
		if first, twice := lineOf[e.Key]; twice {
			problems.Add(file, number, "the key is already in line %d: a key has one role", first)
			continue
		}
		e.Line = number
		lineOf[e.Key] = number
		entries = append(entries, e)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return entries, nil
}

func startsComment(word string) bool { return word[0] == '#' }

func parseEntry(words []string) (Entry, error) {
	key, err := zmtp.ParsePublicKey(words[0])
	if err != nil {
		return Entry{}, fmt.Errorf("the line must begin with a public key in Z85: %w", err)
	}
	if len(words) < 2 {
		return Entry{}, fmt.Errorf("a role is missing behind the key: %s", roleNames())
	}
	role := Role(words[1])
	if !slices.Contains(roles, role) {
		return Entry{}, fmt.Errorf("unknown role %q: use %s", words[1], roleNames())
	}
	e := Entry{Key: key, Role: role, Name: strings.Join(words[2:], " ")}
	if len(e.Name) > maxName || escape.Hides(e.Name) {
		return Entry{}, fmt.Errorf("the name must be text of at most %d bytes, without control characters and others that cannot be seen", maxName)
	}
	return e, nil
}

func roleNames() string { return fmt.Sprintf("%s, %s or %s", roles[0], roles[1], roles[2]) }
