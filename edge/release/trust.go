package release

// Trust files: which keys may sign which rule sets. Each line holds a key:
//
//	# key                                                     for what
//	RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3
//	RWTQ3ixMjOe2t2xY4uC2uVDqR5BCbEFvxFPKZ0e9dVX5q0zGZ0x3lYbS  sets=pii,names from=8
//
// Without sets= a key may sign all rule sets. Releases below from= are refused: a board whose card is
// new or restored knows no number, and an old release could be played to the board. A word that
// begins with # starts a comment. Lines "untrusted comment: …" are skipped, so that the
// files .pub of trawl and minisign, and several of them behind each other, are trust files.

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"aead.dev/minisign"

	"trawl/edge/escape"
	"trawl/edge/wire"
)

const (
	maxTrustFile     = 64 << 10 // bytes
	maxTrustedKeys   = 256
	maxTrustProblems = 20
	untrustedPrefix  = "untrusted comment:"
)

// Trust says which keys may sign releases of which rule sets. A Trust never changes.
type Trust struct {
	keys []trustedKey
	none bool
}

type trustedKey struct {
	key  minisign.PublicKey
	sets []string // empty: all
	from uint64
	line int
}

func (k *trustedKey) holdsFor(set string) bool {
	return len(k.sets) == 0 || slices.Contains(k.sets, set)
}

// TrustAnything takes every release, signed or not: for a broker on the own machine.
func TrustAnything() *Trust { return &Trust{none: true} }

// ParseTrust reads the content of a trust file. name is the file's in the error, which names all
// problems with their lines. A file without a key is an error.
func ParseTrust(name, text string) (*Trust, error) {
	t := &Trust{}
	var problems []string
	problem := func(line int, err error) {
		if len(problems) < maxTrustProblems {
			problems = append(problems, fmt.Sprintf("%s:%d: %s", escape.Line(name), line, escape.Cut(err.Error(), escape.MaxLine)))
		}
	}
	if len(text) > maxTrustFile {
		return nil, fmt.Errorf("trust file %s has %d bytes, at most %d are read: a line for each key is enough", escape.Line(name), len(text), maxTrustFile)
	}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		number++
		if strings.HasPrefix(line, untrustedPrefix) {
			continue
		}
		words := strings.Fields(line)
		if comment := slices.IndexFunc(words, func(w string) bool { return w[0] == '#' }); comment >= 0 {
			words = words[:comment]
		}
		if len(words) == 0 {
			continue
		}
		k, err := parseTrusted(words)
		if err == nil {
			k.line = number
			err = t.add(k)
		}
		if err != nil {
			problem(number, err)
		}
	}
	switch {
	case len(problems) > 0:
		return nil, errors.New(strings.Join(problems, "\n"))
	case len(t.keys) == 0:
		return nil, fmt.Errorf("trust file %s holds no key, so no release could be taken: add the line of NAME.pub that trawl keygen --sign made, or write trust: none", escape.Line(name))
	}
	return t, nil
}

// add adds a key. A key may have several lines only for different rule sets: else a line with
// from= would mean nothing beside one without.
func (t *Trust) add(k trustedKey) error {
	if len(t.keys) == maxTrustedKeys {
		return fmt.Errorf("more than %d keys", maxTrustedKeys)
	}
	for i := range t.keys {
		other := &t.keys[i]
		if !other.key.Equal(k.key) {
			continue
		}
		if len(k.sets) == 0 || len(other.sets) == 0 {
			return fmt.Errorf("the key is already in line %d: give it one line, or several with sets= of their own", other.line)
		}
		for _, set := range k.sets {
			if other.holdsFor(set) {
				return fmt.Errorf("the key is already in line %d for %s: a rule set has one line of a key", other.line, set)
			}
		}
	}
	t.keys = append(t.keys, k)
	return nil
}

func parseTrusted(words []string) (trustedKey, error) {
	var k trustedKey
	var err error
	if k.key, err = parsePublicKey(words[0]); err != nil {
		return k, err
	}
	for _, word := range words[1:] {
		name, value, ok := strings.Cut(word, "=")
		switch {
		case ok && name == "sets" && k.sets == nil:
			k.sets, err = parseSets(value)
		case ok && name == "from" && k.from == 0:
			k.from, err = strconv.ParseUint(value, 10, 64)
			if err != nil || k.from < 1 || k.from > MaxNumber {
				err = escape.Errorf("from=%s: the number of a release is expected, 1 to %d", value, MaxNumber)
			}
		default:
			err = escape.Errorf("%q is not understood: behind a key there can be sets=NAME,NAME and from=NUMBER, each once", word)
		}
		if err != nil {
			return k, err
		}
	}
	return k, nil
}

func parseSets(value string) ([]string, error) {
	sets := strings.Split(value, ",")
	for i, set := range sets {
		if err := CheckSet(set); err != nil {
			return nil, fmt.Errorf("sets=: %w", err)
		}
		if slices.Contains(sets[:i], set) {
			return nil, fmt.Errorf("sets=: %s is there twice", set)
		}
	}
	if len(sets) > wire.MaxRuleSets {
		return nil, fmt.Errorf("sets=: %d rule sets, at most %d are allowed", len(sets), wire.MaxRuleSets)
	}
	return sets, nil
}

const secretKeyBytes = 158 // of minisign's secret keys, before base64

// parsePublicKey reads a public key in base64. The error repeats nothing: what was given
// may be a secret key.
func parsePublicKey(word string) (minisign.PublicKey, error) {
	var key minisign.PublicKey
	err := key.UnmarshalText([]byte(word))
	switch {
	case err == nil && key.String() == word:
		return key, nil
	case len(word) >= secretKeyBytes*4/3:
		return key, errors.New("a secret key (it is not repeated here), which belongs on one machine only: put the line of NAME.pub in its place")
	}
	return key, errors.New("the line must begin with a public key, 56 characters that begin with RW: copy the last line of NAME.pub that trawl keygen --sign made")
}

// isPublicKey reports whether text is a public key alone, as NAME.pub holds it.
func isPublicKey(text string) bool {
	var key minisign.PublicKey
	return key.UnmarshalText([]byte(strings.TrimSpace(text))) == nil
}

// Verify says why a release is not taken; nil: it is signed by a key that may sign the rule
// set. signer is the ID of the release's key, as far as there is one. The error wraps
// ErrUntrusted.
func (t *Trust) Verify(r *Release) (signer string, err error) {
	refuse := func(format string, args ...any) (string, error) {
		what := escape.Sprintf(format, args...)
		return signer, fmt.Errorf("release %d of %s is %w: %s", r.Number, r.Set, ErrUntrusted, what)
	}
	if len(r.Signature) > 0 {
		var s minisign.Signature
		if err := s.UnmarshalText(r.Signature); err != nil {
			return refuse("%v", err)
		}
		signer = keyID(s.KeyID)
	}
	if t.none {
		return signer, nil
	}
	if signer == "" {
		return refuse("it is not signed; sign it (trawl rules release --key)")
	}
	known, mayNot := false, ""
	for i := range t.keys {
		k := &t.keys[i]
		if keyID(k.key.ID()) != signer {
			continue
		}
		known = true
		if !minisign.Verify(k.key, r.Bytes, r.Signature) {
			continue
		}
		switch {
		case k.holdsFor(r.Set) && r.Number < k.from:
			mayNot = fmt.Sprintf("key %s is trusted from release %d on (line %d)", signer, k.from, k.line)
		case !k.holdsFor(r.Set):
			mayNot = cmp.Or(mayNot, fmt.Sprintf("key %s may sign other rule sets only (line %d)", signer, k.line))
		default:
			return signer, nil
		}
	}
	switch {
	case mayNot != "":
		return refuse("%s", mayNot)
	case known:
		return refuse("the signature does not fit the document and key %s: one of them was changed", signer)
	}
	return refuse("key %s is not in the trust file; add its public half, or sign with another key", signer)
}
