package main

// trawl rules release: from rule files to a release file.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"trawl/edge/human"
	"trawl/edge/match"
	"trawl/edge/release"
	"trawl/edge/rules"
	"trawl/edge/wire"
)

// maxJump is how far a number may be above the highest that a broker has. A wrong date in place of a
// number would else leave no numbers for later.
const maxJump = 1000

func (a *app) rulesReleaseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "release FILE… --name SET --key NAME.sec",
		Short: "Check, test, compile and sign rules for a fleet: SET-NUMBER.release",
		Long: `Check word lists and rule files, run the examples beside the rules, compile, and sign:
SET-NUMBER.release holds the pack and its sources, and trawl rules push gives it to
the fleet. Rules with a mistake, or whose examples do not hold, are not released.

The number is one above the highest that the brokers have; without a broker
--number says it.`,
		Example: `  trawl rules release pii.yaml names.txt --name pii --key rules.sec --note "IBANs of AT"
  trawl rules release pii.yaml --name pii --number 8 --key rules.sec`,
		Args: someFiles,
	}
	m := releaseMaker{app: a}
	f := cmd.Flags()
	f.StringVar(&m.set, "name", "", "name of the rule set")
	f.StringVarP(&m.out, "output", "o", "", "the file to write (default: SET-NUMBER.release)")
	placeholder(f, "name", "SET")
	placeholder(f, "output", "FILE")
	m.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if err := release.CheckSet(m.set); err != nil {
			return usage(cmd, "--name: "+err.Error())
		}
		if m.noBroker(cmd) {
			return m.make(cmd.Context(), rules.Expand(files))
		}
		q, err := a.question(cmd)
		if err != nil {
			return err
		}
		if err := m.nextNumber(q); err != nil {
			return err
		}
		return m.make(cmd.Context(), rules.Expand(files))
	}
	return cmd
}

// releaseMaker makes a release of rule files.
type releaseMaker struct {
	app                *app
	set, out           string
	keyFile, note, by  string
	number             uint64
	unsigned, numbered bool
}

// flags adds the flags of commands that make a release.
func (m *releaseMaker) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&m.keyFile, "key", "", "signing key, of trawl keygen --sign or of minisign")
	f.BoolVar(&m.unsigned, "unsigned", false, "do not sign: only workers with trust: none take the release")
	f.StringVar(&m.note, "note", "", "what has changed, for people")
	f.StringVar(&m.by, "by", "", "who makes the release (default: the user's name)")
	f.Uint64Var(&m.number, "number", 0, "number of the release (default: one above the highest that the brokers have)")
	for flag, name := range map[string]string{"key": "FILE", "note": "TEXT", "by": "NAME", "number": "NUMBER"} {
		placeholder(f, flag, name)
	}
	bind(cmd, "client.brokers", "client.timeout")
}

// noBroker reports whether the number is given, so that no broker has to be asked.
func (m *releaseMaker) noBroker(cmd *cobra.Command) bool {
	m.numbered = cmd.Flags().Changed("number")
	return m.numbered && !cmd.Flags().Changed("broker")
}

// nextNumber asks all brokers for the highest number.
func (m *releaseMaker) nextNumber(q *question) error {
	replies, err := askReleases(q, wire.ReleasesQuery{Set: m.set})
	if err != nil {
		return fmt.Errorf("%w\nwithout a broker --number NUMBER says which number the release gets", err)
	}
	if err := allReached(replies); err != nil {
		return fmt.Errorf("%w\na broker that is away may have a higher number: --number NUMBER says which number the release gets", err)
	}
	highest := highestNumber(replies)
	switch {
	case !m.numbered:
		m.number = highest + 1
	case m.number <= highest:
		return fmt.Errorf("--number %d: release %d is there already; the next is %d", m.number, highest, highest+1)
	case m.number > highest+maxJump:
		return fmt.Errorf("--number %d: the highest is %d, and a jump of more than %d is refused", m.number, highest, maxJump)
	}
	return nil
}

// make checks, tests, compiles and writes.
func (m *releaseMaker) make(ctx context.Context, files []string) error {
	key, err := m.app.signer(m.keyFile, m.unsigned)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "trawl-release-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	d := m.document()
	paths, err := m.bundle(d, folder, files)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errors.New("interrupted: no release was made")
	}
	return m.write(d, key, func(name string) (io.ReadCloser, error) { return os.Open(paths[name]) })
}

func (m *releaseMaker) document() *release.Document {
	by := m.by
	if by == "" {
		by = userName(m.app.env)
	}
	return &release.Document{
		Format: release.Format, Set: m.set, Number: m.number, By: by, Note: m.note,
		Made: time.Now().UTC().Format(time.DateOnly),
	}
}

// bundle compiles the files, and fills in the members of the document and what the rules take. paths are
// where the members are.
func (m *releaseMaker) bundle(d *release.Document, folder string, files []string) (paths map[string]string, err error) {
	if err := m.examplesHold(files); err != nil {
		return nil, err
	}
	pack := filepath.Join(folder, m.set+".pack")
	var made *match.Compiled
	var report *rules.Report
	grown := heapGrowth(func() { made, report, err = compileTo(pack, files, rules.Options{Name: m.set}) })
	if err != nil {
		return nil, err
	}
	m.app.printLines(report.String())
	d.Pack.Format = match.FormatVersion
	d.Pack.Memory = release.Memory{
		Pack: made.Bytes, Programs: max(0, made.Choice.Memory-made.Bytes), PerSlot: match.StateMemory(made.Regexes), Compile: grown,
	}
	if d.Pack.Memory.Load, err = loadMemory(pack); err != nil {
		return nil, err
	}
	paths = make(map[string]string)
	for _, path := range append([]string{pack}, files...) {
		name := filepath.Base(path)
		if paths[name] != "" {
			return nil, fmt.Errorf("two files are called %s: a release has each name once, so give one of them another", name)
		}
		paths[name] = path
		member, err := memberOf(path, name)
		if err != nil {
			return nil, err
		}
		d.Members = append(d.Members, member)
	}
	return paths, nil
}

// examplesHold runs the examples of the rule files, as far as there are examples.
func (m *releaseMaker) examplesHold(files []string) error {
	var tested []string
	for _, path := range files {
		if isRuleFile(path) {
			tested = append(tested, path)
		}
	}
	if len(tested) == 0 {
		return nil
	}
	report, err := rules.TestExamples(tested)
	for i := range report.Failures {
		m.app.printf("%s\n", report.Failures[i].String())
	}
	switch {
	case len(report.Failures) > 0:
		return fmt.Errorf("%d of %d examples do not hold: nothing was released", len(report.Failures), report.Examples)
	case err != nil && (report.Rules == 0 || report.Examples > 0):
		return err
	}
	return nil // rules without any example are no mistake here
}

func memberOf(path, name string) (release.Member, error) {
	f, err := os.Open(path)
	if err != nil {
		return release.Member{}, err
	}
	defer f.Close()
	size, chunks, err := release.Split(f)
	return release.Member{Name: name, Size: size, Chunks: chunks}, err
}

// heapGrowth is by how many bytes the heap has grown while f ran.
func heapGrowth(f func()) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(max(after.HeapSys, before.HeapInuse) - before.HeapInuse)
}

// loadMemory is what opening a pack allocates, in bytes.
func loadMemory(path string) (int64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := match.OpenMapped(path)
	if err != nil {
		return 0, err
	}
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc), p.Close()
}

// write signs the document and writes the release file.
func (m *releaseMaker) write(d *release.Document, key *release.SecretKey, open func(string) (io.ReadCloser, error)) error {
	r, err := release.Sign(d, key)
	if err != nil {
		return err
	}
	out := m.out
	if out == "" {
		out = release.FileName(m.set, m.number)
		if _, err := os.Stat(out); err == nil {
			return fmt.Errorf("%s is there already: two releases of one number would be in conflict; give another --number, or another file with -o", out)
		}
	}
	err = replaceFile(out, func(f *os.File) error { return release.Write(f, r, open) })
	var failed *os.PathError
	if errors.As(err, &failed) {
		return cannotWrite(out, err)
	}
	if err != nil {
		return err
	}
	signed := "not signed"
	if key != nil {
		signed = "signed by key " + key.ID()
	}
	m.app.printf("%s: release %d of %s, %s, %s\n", out, r.Number, r.Set, human.Bytes(d.Size()), signed)
	m.app.printf("takes %s on a worker with one slot, while the rules are loaded\n", human.Bytes(d.Pack.Memory.Needed(1, false)))
	return nil
}
