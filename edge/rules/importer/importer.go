package importer

// The table of kinds, and Import.

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"trawl/edge/escape"
	"trawl/edge/keys"
	"trawl/edge/rules/importer/internal/crs"
	"trawl/edge/rules/importer/internal/fail2ban"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/lists"
	"trawl/edge/rules/importer/internal/sigma"
	"trawl/edge/rules/importer/internal/snort"
	"trawl/edge/rules/importer/internal/spamassassin"
	"trawl/edge/rules/importer/internal/yara"
)

// Kind is a kind of rule sets.
type Kind struct {
	Name string // for Import
	What string // the files of the kind, for people
}

// kinds returns all kinds, in the order of the help.
func kinds() []*job.Kind {
	return []*job.Kind{
		&lists.Words, &lists.Regex, &lists.BasicRegex, &lists.Logcheck, &fail2ban.Kind, &spamassassin.Kind, &lists.Hosts, &crs.Kind, &snort.Kind, &yara.Kind, &sigma.Kind,
	}
}

// Kinds returns all kinds.
func Kinds() []Kind {
	var list []Kind
	for _, k := range kinds() {
		list = append(list, Kind{k.Name, k.What})
	}
	return list
}

// Names are the names of Kinds.
func Names() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.Name)
	}
	return names
}

// ErrUnknownKind means that a kind is not in Kinds.
var ErrUnknownKind = errors.New("unknown kind of rules")

// Result holds the imported rules.
type Result = job.Result

// Summary counts what became of the rules of an import.
type Summary = job.Summary

// Import reads the files at paths, and the files of the kind in folders, and returns their rules.
// The error is ErrUnknownKind, or a problem.List of everything unreadable. After an error there is
// no result, because missing rules could not be counted. Rules that cannot be taken are in the
// summary.
func Import(name string, paths []string) (*job.Result, error) {
	all := kinds()
	i := slices.IndexFunc(all, func(k *job.Kind) bool { return k.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("%w %q; use %s", ErrUnknownKind, name, strings.Join(Names(), ", "))
	}
	return job.New(all[i], job.OSFiles{}).Run(paths, whatElse)
}

// maxKeyPair is how many bytes of a file are looked at for a secret key.
const maxKeyPair = 64 << 10

// whatElse says what a file of another kind than k is; empty: the file may be of kind k.
func whatElse(k *job.Kind, in *job.Input) string {
	if keys.IsPair(string(in.Data[:min(len(in.Data), maxKeyPair)])) {
		return "a key pair and no rules: its lines would become rules, and be shown; name the right file"
	}
	looks := guess(in.Data)
	if looks == "" || looks == k.Name {
		return ""
	}
	if looks == guessTrawl {
		return escape.Sprintf("this is a rule file of trawl already: use it as it is (-f %s)", filepath.Base(in.Path))
	}
	if what, ok := notImported.Get()[looks]; ok {
		return "this looks like " + what
	}
	return fmt.Sprintf("this looks like %s: --from %s", guessNames.Get()[looks], looks)
}
