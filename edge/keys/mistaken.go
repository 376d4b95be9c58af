package keys

// Files mistaken for each other: a key pair, a public key, a list of allowed keys, and files that
// are about something else.

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"trawl/edge/files"
	"trawl/edge/ondemand"
	"trawl/edge/zmtp"
)

// Kind is the kind of a file, by its content, as far as keys are concerned.
type Kind int

// The kinds.
const (
	Unknown     Kind = iota
	Pair             // a secret key, mostly with the public one: NAME.key of trawl keygen
	Public           // one public key: NAME.pub of trawl keygen
	Certificate      // a public key in the form of CZMQ, without the secret key
	Allowed          // a list of keys with roles
	Foreign          // a key or certificate of SSH, TLS or PGP
	Settings         // a configuration of trawl, or a rule file
	Binary           // no text
)

// is names each kind of file in messages.
var is = map[Kind]string{
	Pair:        "a key pair, whose secret half stays on its own board",
	Public:      "a single key, as is the public half of a pair, which others get",
	Certificate: "a certificate without a secret key",
	Allowed:     "a list of allowed keys",
	Foreign:     "a key or certificate of another program (SSH, TLS or PGP)",
	Settings:    "a YAML file, such as a configuration or rules",
	Binary:      "a binary file",
}

// String completes the sentence "the file is …"; it is empty for Unknown.
func (k Kind) String() string { return is[k] }

var (
	foreignKey = ondemand.Regexp{Expr: `(?m)^(-----BEGIN |---- BEGIN |(ssh|ecdsa|sk)-[a-z0-9@.-]+ AAAA)`}
	yamlKey    = ondemand.Regexp{Expr: `(?m)^[a-z_]+:(\s|$)`}
)

// KindOf returns the kind of a file with the given content. The result holds none of the content.
func KindOf(text string) Kind {
	text = strings.TrimPrefix(text, "\ufeff")
	words := strings.Fields(text)
	switch {
	case strings.ContainsRune(text, 0):
		return Binary
	case foreignKey.Get().MatchString(text):
		return Foreign
	case hasKeyLine(text, secretName):
		return Pair
	case hasKeyLine(text, publicName):
		return Certificate
	case len(words) == 1 && isZ85Key(words[0]):
		return Public
	case slices.ContainsFunc(slices.Collect(strings.Lines(text)), allows):
		return Allowed
	case yamlKey.Get().MatchString(text):
		return Settings
	}
	return Unknown
}

// IsPair reports whether text holds a readable secret key, and must not be shown or sent.
func IsPair(text string) bool {
	_, err := parseKeyFile(text)
	return err == nil
}

func hasKeyLine(text, name string) bool {
	for line := range strings.Lines(text) {
		if before, _, ok := strings.Cut(line, "="); ok && strings.TrimSpace(before) == name {
			return true
		}
	}
	return false
}

// allows reports whether a line begins like a line of a list of allowed keys.
func allows(line string) bool {
	words := strings.Fields(line)
	return len(words) > 1 && isZ85Key(words[0]) && slices.Contains(roles, Role(words[1]))
}

func isZ85Key(word string) bool {
	_, err := zmtp.ParsePublicKey(word)
	return err == nil
}

// errKeyAsPath is the error for a key in place of the path of a key file. The key may be secret, so
// the message does not repeat it.
var errKeyAsPath = errors.New("a key was given in place of a file (it is not repeated here): name the file that holds the pair, as trawl keygen writes it")

// errContentAsPath is the error for the content of a file in place of the path. The content may be
// secret too.
var errContentAsPath = errors.New("several lines were given in place of a key or a file (they are not repeated here): name the file")

// mistakenForPair returns an error if the file at path is known to be something else than a key
// pair.
func mistakenForPair(path, text string) error {
	kind := KindOf(text)
	switch kind {
	case Unknown, Pair:
		return nil
	case Public, Certificate:
		pair := "NAME.key"
		if name, ok := strings.CutSuffix(path, ".pub"); ok {
			pair = name + ".key"
		}
		return fmt.Errorf("key file %s is %s: name the pair itself, the file %s that trawl keygen wrote beside it", path, kind, pair)
	}
	return fmt.Errorf("key file %s is %s and no key pair: name a file that trawl keygen made, NAME.key", path, kind)
}

// ReadPublicKey returns a public key, given in Z85 or as the path of a file with nothing but the
// key. If the file holds something else, the error says what.
func ReadPublicKey(keyOrFile string) (zmtp.PublicKey, error) {
	if key, err := zmtp.ParsePublicKey(keyOrFile); err == nil {
		return key, nil
	}
	if strings.Contains(strings.TrimSpace(keyOrFile), "\n") {
		return zmtp.PublicKey{}, errContentAsPath
	}
	text, err := readSmall(keyOrFile, maxKeyFile)
	if err != nil {
		return zmtp.PublicKey{}, fmt.Errorf("public key: neither %d characters of Z85 nor a file that can be read: %w", zmtp.KeyChars, err)
	}
	key, err := zmtp.ParsePublicKey(strings.TrimSpace(strings.TrimPrefix(text, "\ufeff")))
	switch kind := KindOf(text); {
	case err == nil:
		return key, nil
	case kind == Pair:
		public := "NAME.pub"
		if name, ok := strings.CutSuffix(keyOrFile, ".key"); ok {
			public = name + ".pub"
		}
		return key, fmt.Errorf("public key %s is %s: name the public half, the file %s that trawl keygen wrote beside it, and keep the pair off other boards", keyOrFile, kind, public)
	case kind == Certificate:
		return key, fmt.Errorf("public key %s is %s: write the %d characters behind %s into a file of their own, without the quotes", keyOrFile, kind, zmtp.KeyChars, publicName)
	case kind != Unknown:
		return key, fmt.Errorf("public key %s is %s and no public key: name a file that trawl keygen made, NAME.pub", keyOrFile, kind)
	}
	return key, fmt.Errorf("public key %s holds something else (%w): name a file that trawl keygen made, NAME.pub", keyOrFile, err)
}

// mistakenForAllowed returns an error if the file at path is known to be something else than a list
// of allowed keys. A list with mistakes is no error here.
func mistakenForAllowed(path, text string) error {
	kind := KindOf(text)
	switch kind {
	case Unknown, Allowed:
		return nil
	case Public:
		return fmt.Errorf("allowed keys %s is one public key without a role: write a line for each key, KEY ROLE [NAME], where ROLE is %s", path, roleNames())
	}
	return fmt.Errorf("allowed keys %s is %s: name a list with a line for each public key, KEY ROLE [NAME], where ROLE is %s", path, kind, roleNames())
}

// unopened returns the error for a file that could not be opened. The error never repeats a key
// that was given in place of a path.
func unopened(path string, err error) error {
	switch {
	case isZ85Key(strings.Trim(path, " \t\r\n\"'")):
		return errKeyAsPath
	case strings.Contains(path, "\n"):
		return errContentAsPath
	}
	return err
}

// readSmall reads a file of at most limit bytes.
func readSmall(path string, limit int64) (string, error) {
	text, err := files.Read(path, limit)
	if err != nil {
		return "", unopened(path, err)
	}
	return string(text), nil
}
