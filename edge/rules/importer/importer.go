package importer

// The kinds of rule sets, and one import from files to rules.

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

// Kind is a kind of rule sets that can be imported.
type Kind struct {
	Name string // for Import
	What string // what it reads, for people
}

// kinds in the order in which help names them.
func kinds() []*job.Kind {
	return []*job.Kind{
		&lists.Words, &lists.Regex, &lists.BasicRegex, &lists.Logcheck, &fail2ban.Kind, &spamassassin.Kind, &lists.Hosts, &crs.Kind, &snort.Kind, &yara.Kind, &sigma.Kind,
	}
}

// Kinds lists what Import can read.
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

// ErrUnknownKind is the error for a kind that is none of Kinds.
var ErrUnknownKind = errors.New("unknown kind of rules")

// Result is what an import made.
type Result = job.Result

// Summary counts what became of the rules of an import.
type Summary = job.Summary

// Import reads the files at paths, and the files of that kind in folders, and
// returns their rules. Errors are ErrUnknownKind, or problem.List with all that
// could not be read: then nothing is returned, since what is missing could not
// be counted. Rules that cannot be taken are no errors; the summary has them.
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

// whatElse says what a file is that is none of kind k; empty: it may be one.
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
