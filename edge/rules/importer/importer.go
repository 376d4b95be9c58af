// The kinds of rule sets, and one import from files to rules.

package importer

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"trawl/edge/escape"
	"trawl/edge/keys"
)

// Kind is a kind of rule sets that can be imported.
type Kind struct {
	Name string // for Import
	What string // what it reads, for people
}

// kinds in the order in which help names them.
func kinds() []*kind {
	return []*kind{
		&wordsKind, &regexKind, &breKind, &logcheckKind, &fail2banKind, &spamAssassinKind, &hostsKind, &crsKind, &snortKind, &yaraKindOfRules, &sigmaKind,
	}
}

// Kinds lists what Import can read.
func Kinds() []Kind {
	var list []Kind
	for _, k := range kinds() {
		list = append(list, Kind{k.name, k.what})
	}
	return list
}

// Names are the names of Kinds.
func Names() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// ErrUnknownKind is the error for a kind that is none of Kinds.
var ErrUnknownKind = errors.New("unknown kind of rules")

// Import reads the files at paths, and the files of that kind in folders, and
// returns their rules. Errors are ErrUnknownKind, or problem.List with all that
// could not be read: then nothing is returned, since what is missing could not
// be counted. Rules that cannot be taken are no errors; the summary has them.
func Import(name string, paths []string) (*Result, error) {
	all := kinds()
	i := slices.IndexFunc(all, func(k *kind) bool { return k.name == name })
	if i < 0 {
		return nil, fmt.Errorf("%w %q; use %s", ErrUnknownKind, name, strings.Join(Names(), ", "))
	}
	return newJob(all[i], osFiles{}).run(paths, mistaken)
}

// maxKeyPair is how many bytes of a file are looked at for a secret key.
const maxKeyPair = 64 << 10

// mistaken says what a file is that is none of kind k; empty: it may be one.
func mistaken(k *kind, in *input) string {
	if keys.IsPair(string(in.data[:min(len(in.data), maxKeyPair)])) {
		return "a key pair and no rules: its lines would become rules, and be shown; name the right file"
	}
	looks := guess(in.data)
	if looks == "" || looks == k.name {
		return ""
	}
	if looks == guessTrawl {
		return escape.Sprintf("this is a rule file of trawl already: use it as it is (-f %s)", filepath.Base(in.path))
	}
	if what, ok := notImported.Get()[looks]; ok {
		return "this looks like " + what
	}
	return fmt.Sprintf("this looks like %s: --from %s", guessNames.Get()[looks], looks)
}
