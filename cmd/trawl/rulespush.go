package main

// trawl rules push and rollback: a release goes to all brokers of the list.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"trawl/edge/client"
	"trawl/edge/escape"
	"trawl/edge/files"
	"trawl/edge/human"
	"trawl/edge/release"
	"trawl/edge/wire"
)

// pushTimeout is what a broker has at least for one step of a push: the broker writes and syncs.
const pushTimeout = 30 * time.Second

func (a *app) rulesPushCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "push FILE.release",
		Short: "Give a release to all brokers, which give it to their workers",
		Long: `Give a release to all brokers of the list, which give it to their workers: at once, or to
the workers of --canary first, and to all once these have used it for the time of --for
without a fault. What a broker has already is not sent again, so a push that was cut,
or that a broker missed, is simply repeated.`,
		Example: `  trawl rules push pii-8.release
  trawl rules push pii-8.release --canary pi3,pi4 --for 30m`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(cmd, "name one file, as trawl rules release made it")
			}
			return nil
		},
	}
	var p wire.Plan
	f := cmd.Flags()
	f.StringSliceVar(&p.Canaries, "canary", nil, "workers that get the release first")
	watch := f.Duration("for", 0, "how long canaries use the release before all get it")
	all := f.Bool("all", false, "give the release to all workers at once, as without --canary")
	placeholder(f, "canary", "NAMES")
	placeholder(f, "for", "TIME")
	bind(cmd, "client.brokers", "client.timeout", "security.key", "security.server_key")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *all && len(p.Canaries) > 0 {
			return usage(cmd, "--all and --canary exclude each other")
		}
		p.ForS = int64(*watch / time.Second)
		if err := p.Check(); err != nil {
			return usage(cmd, err.Error())
		}
		q, err := a.question(cmd)
		if err != nil {
			return err
		}
		file, _, err := files.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		r, err := release.ReadHead(file)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		return a.push(q, r, p, func(missing map[release.Hash]bool, put func([]byte, release.Hash) error) error {
			return sendChunks(file, missing, put)
		})
	}
	return cmd
}

// sendChunks reads a release file from its beginning and puts the chunks that are missing.
func sendChunks(file *os.File, missing map[release.Hash]bool, put func([]byte, release.Hash) error) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	reader, err := release.NewReader(file)
	if err != nil {
		return err
	}
	for {
		c, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if missing[c.Hash] {
			if err := put(c.Compressed, c.Hash); err != nil {
				return err
			}
		}
	}
}

// sendFunc puts the chunks that a broker lacks.
type sendFunc func(missing map[release.Hash]bool, put func(compressed []byte, h release.Hash) error) error

// push gives a release to all brokers, one after the other: all get the same plan. The error names the
// brokers that do not have the release.
func (a *app) push(q *question, r *release.Release, p wire.Plan, send sendFunc) error {
	timeout := max(q.timeout, pushTimeout)
	var failures []error
	for _, broker := range q.brokers {
		reply := askOne(q.ctx, q, broker, func(ctx context.Context, c *client.Client) (int, error) {
			if _, err := c.Control(ctx, wire.OpPing, "", q.timeout); err != nil {
				return 0, err // a broker that is away is not waited for as for its disk
			}
			return pushTo(ctx, c, r, p, send, timeout)
		})
		if reply.err != nil {
			failures = append(failures, explain(reply.err))
			continue
		}
		a.printf("%s has release %d of %s (%s sent)\n", broker, r.Number, r.Set, human.Count(reply.value, "chunk"))
	}
	if len(failures) == len(q.brokers) {
		return errors.Join(failures...)
	}
	a.warnOfCanaries(q, r.Set, p.Canaries)
	if len(failures) > 0 {
		failures = append(failures, errors.New("repeat the push once these brokers are up: their workers have the release from others, or not at all"))
	}
	return errors.Join(failures...)
}

// pushTo gives a release to a broker and returns how many chunks were sent.
func pushTo(ctx context.Context, c *client.Client, r *release.Release, p wire.Plan, send sendFunc, timeout time.Duration) (sent int, err error) {
	answer, err := c.ControlReleases(ctx, wire.OpRulesHave, timeout, r.Bytes)
	if err != nil {
		return 0, err
	}
	hashes, ok := wire.ParseHashes(answer, len(r.Chunks()))
	if !ok {
		return 0, errors.New("unreadable answer to rules.have")
	}
	missing := make(map[release.Hash]bool)
	for _, h := range hashes {
		missing[h] = true
	}
	if len(missing) > 0 {
		err = send(missing, func(compressed []byte, h release.Hash) error {
			_, err := c.ControlReleases(ctx, wire.OpRulesPut, timeout, h[:], compressed)
			sent++
			return err
		})
	}
	if err != nil {
		return sent, err
	}
	_, err = c.ControlReleases(ctx, wire.OpRulesRelease, timeout, wire.JSONFrame(&p), r.Bytes, r.Signature)
	return sent, err
}

// warnOfCanaries names canaries that no broker knows, and the workers that there are.
func (a *app) warnOfCanaries(q *question, set string, canaries []string) {
	if len(canaries) == 0 {
		return
	}
	replies, err := askReleases(q, wire.ReleasesQuery{Set: set})
	if err != nil {
		return
	}
	var names []string
	for _, s := range setsOf(replies) {
		for i := range s.Workers {
			names = append(names, s.Workers[i].Name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for _, name := range canaries {
		if !slices.Contains(names, name) {
			a.complain(escape.Errorf("warning: the canary %s is not connected, or takes no releases of %s; workers that do: %s", name, set, orNone(names)))
		}
	}
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (a *app) rulesRollbackCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rollback SET --key NAME.sec",
		Short: "Bring an older release back, under a new number",
		Long: `Bring an older release back: sign a new number with the bundle of the release that all had
before, or of --to, and push it. The brokers have the bundle still, so nothing is sent
but the document.`,
		Example: "  trawl rules rollback pii --key rules.sec\n  trawl rules rollback pii --to 7 --key rules.sec",
		Args:    oneSet,
	}
	m := releaseMaker{app: a}
	m.flags(cmd)
	to := cmd.Flags().Uint64("to", 0, "number of the release to bring back (default: the one before)")
	placeholder(cmd.Flags(), "to", "NUMBER")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		m.set = args[0]
		m.numbered = cmd.Flags().Changed("number")
		q, err := a.question(cmd)
		if err != nil {
			return err
		}
		if err := m.nextNumber(q); err != nil {
			return err
		}
		replies, err := askReleases(q, wire.ReleasesQuery{Set: m.set, Documents: true})
		if err != nil {
			return err
		}
		old, err := releaseBefore(setsOf(replies), *to)
		if err != nil {
			return err
		}
		key, err := a.signer(m.keyFile, m.unsigned)
		if err != nil {
			return err
		}
		d := m.document()
		d.Members, d.Pack = old.Members, old.Pack
		if d.Note == "" {
			d.Note = fmt.Sprintf("back to release %d", old.Number)
		}
		r, err := release.Sign(d, key)
		if err != nil {
			return err
		}
		a.printf("release %d of %s has the rules of release %d\n", r.Number, r.Set, old.Number)
		return a.push(q, r, wire.Plan{}, func(map[release.Hash]bool, func([]byte, release.Hash) error) error {
			return fmt.Errorf("the broker does not have all of release %d any more: push %s again first, then roll back --to %d",
				old.Number, release.FileName(old.Set, old.Number), old.Number)
		})
	}
	return cmd
}

// releaseBefore is the document of the release with a number, or, for 0, of the highest below the newest.
func releaseBefore(sets []wire.SetReleases, number uint64) (*release.Document, error) {
	var newest uint64
	found := make(map[uint64]string)
	for _, s := range sets {
		for _, r := range s.Releases {
			newest = max(newest, r.Number)
			if r.Document != "" && !r.Damaged {
				found[r.Number] = r.Document
			}
		}
	}
	if number == 0 {
		for n := range found {
			if n < newest && n > number {
				number = n
			}
		}
	}
	text, ok := found[number]
	if !ok {
		return nil, errors.New("no broker has the release to go back to: trawl rules releases lists what there is; the file of any release can be pushed again under a new number (trawl rules release)")
	}
	return release.Decode([]byte(text))
}
