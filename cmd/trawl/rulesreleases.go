package main

// Commands that show releases and move their steps: releases, history, go, pause, retry.

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"trawl/edge/client"
	"trawl/edge/human"
	"trawl/edge/release"
	"trawl/edge/wire"
)

// askReleases asks each broker for what the broker knows of releases.
func askReleases(q *question, query wire.ReleasesQuery) ([]reply[[]wire.SetReleases], error) {
	return askAll(q, func(ctx context.Context, c *client.Client) (sets []wire.SetReleases, err error) {
		answer, err := c.ControlReleases(ctx, wire.OpRulesReleases, q.timeout, wire.JSONFrame(&query))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(answer, &sets); err != nil {
			return nil, fmt.Errorf("unreadable list of releases: %w", err)
		}
		return sets, nil
	})
}

// setsOf returns what the brokers that answered have said.
func setsOf(replies []reply[[]wire.SetReleases]) (sets []wire.SetReleases) {
	for _, r := range replies {
		if r.err == nil {
			sets = append(sets, r.value...)
		}
	}
	return sets
}

// allReached is the error of the brokers that did not answer; nil: all did.
func allReached[T any](replies []reply[T]) error {
	var errs []error
	for _, r := range replies {
		errs = append(errs, r.err)
	}
	return errors.Join(errs...)
}

// highestNumber is the highest number of a release that a broker has, had, or that a worker uses.
func highestNumber(replies []reply[[]wire.SetReleases]) (n uint64) {
	for _, s := range setsOf(replies) {
		for _, r := range s.Releases {
			n = max(n, r.Number)
		}
		for _, r := range s.History {
			n = max(n, r.Number)
		}
		for _, w := range s.Workers {
			n = max(n, w.Active.Number)
		}
	}
	return n
}

// oneSet is for commands about one rule set.
func oneSet(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage(cmd, "name one rule set: trawl rules releases lists them")
	}
	if err := release.CheckSet(args[0]); err != nil {
		return usage(cmd, err.Error())
	}
	return nil
}

func (a *app) rulesReleasesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "releases",
		Short: "Show the releases of rules: how far each has come, and which worker has what",
		Long: `Show the releases of rules: how far each has come, and which worker has which one, and
why not the one that it should have. Of several brokers each is shown.`,
	}
	asJSON := cmd.Flags().Bool("json", false, "print what each broker answers, a line for each")
	return a.control(cmd, func(q *question) error {
		replies, err := askReleases(q, wire.ReleasesQuery{})
		if err != nil {
			return err
		}
		for _, r := range replies {
			switch {
			case r.err != nil:
				a.complain(r.err)
			case *asJSON:
				a.printJSON(wire.JSONFrame(r.value))
			default:
				if len(replies) > 1 {
					a.printf("broker at %s\n", r.broker)
				}
				a.printReleases(r.value)
			}
		}
		return nil
	})
}

func (a *app) printReleases(sets []wire.SetReleases) {
	if len(sets) == 0 {
		a.printf("no releases; trawl rules release makes one, trawl rules push gives it to the fleet\n")
		return
	}
	t := newTable("SET", "RELEASE", "STEP", "ON", "STATE")
	w := newTable("SET", "WORKER", "HAS", "SHOULD HAVE", "STATE", "MEMORY")
	var reasons []string
	for _, s := range sets {
		for _, r := range s.Releases {
			t.row(s.Set, r.Number, r.Step, fmt.Sprintf("%d/%d", activeOn(s.Workers, r.Number, r.Hash), len(s.Workers)), releaseState(&r))
		}
		for _, worker := range s.Workers {
			w.row(s.Set, worker.Name, orDash(worker.Active.Number > 0, worker.Active.Number), orDash(worker.Goal > 0, worker.Goal),
				orDash(worker.State != "", worker.State), orDash(worker.Memory > 0, human.Bytes(worker.Memory)))
			if worker.Error != "" {
				reasons = append(reasons, fmt.Sprintf("%s, %s %s: %s", s.Set, worker.Name, worker.State, worker.Error))
			}
		}
	}
	a.printTable("", t, "")
	a.printTable("\n", w, "")
	for _, reason := range reasons {
		a.printf("%s\n", reason)
	}
}

func activeOn(workers []wire.ReleaseWorker, number uint64, hash string) (n int) {
	for _, w := range workers {
		if w.Active.Number == number && w.Active.Hash == hash {
			n++
		}
	}
	return n
}

// releaseState says what is to be known of a release beside its step.
func releaseState(r *wire.ReleaseStatus) string {
	var words []string
	for _, is := range []struct {
		so   bool
		word string
	}{
		{r.Paused, "paused"},
		{r.Conflict, "conflict: another release has the number, too; make a higher one"},
		{r.Damaged, "damaged: push it again"},
		{r.Hold != "" && !r.Paused, r.Hold},
		{r.Done, "done"},
	} {
		if is.so {
			words = append(words, is.word)
		}
	}
	if len(words) == 0 {
		return "on its way"
	}
	return strings.Join(words, "; ")
}

func (a *app) rulesHistoryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "history SET",
		Short: "Show the releases of a rule set that there were: number, day, by whom, note, on how many workers",
	}
	bind(cmd, "client.brokers", "client.timeout", "security.key", "security.server_key")
	cmd.Args = oneSet
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		q, err := a.question(cmd)
		if err != nil {
			return err
		}
		replies, err := askReleases(q, wire.ReleasesQuery{Set: args[0]})
		if err != nil {
			return err
		}
		a.printHistory(setsOf(replies))
		return nil
	}
	return cmd
}

// printHistory lists each release once, whichever broker knows it. A worker of several brokers counts
// once.
func (a *app) printHistory(sets []wire.SetReleases) {
	past := make(map[string]wire.PastRelease)
	on := make(map[string]map[string]bool)
	for _, s := range sets {
		for _, p := range s.History {
			past[p.Hash] = p
		}
		for _, w := range s.Workers {
			if on[w.Active.Hash] == nil {
				on[w.Active.Hash] = make(map[string]bool)
			}
			on[w.Active.Hash][w.Name] = true
		}
	}
	var list []wire.PastRelease
	for _, p := range past {
		list = append(list, p)
	}
	sort.Slice(list, func(i, j int) bool {
		return list[i].Number > list[j].Number || list[i].Number == list[j].Number && list[i].Hash > list[j].Hash
	})
	if len(list) == 0 {
		a.printf("no releases of this rule set; trawl rules releases lists those that there are\n")
		return
	}
	t := newTable("RELEASE", "MADE", "BY", "ON", "NOTE")
	for _, p := range list {
		t.row(p.Number, p.Made, orDash(p.By != "", p.By), len(on[p.Hash]), orDash(p.Note != "", p.Note))
	}
	a.printTable("", t, "")
}

// rulesStepCommand makes go, pause or retry.
func (a *app) rulesStepCommand(name string, op wire.Op, short string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   name + " SET [NUMBER]",
		Short: short,
		Long: short + `.
All brokers of the list are told; the exit status is 2 if one was not reached. Without a
NUMBER the newest release is meant.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 2 {
				return usage(cmd, "name one rule set, and one number at most")
			}
			return oneSet(cmd, args[:min(1, len(args))])
		},
	}
	bind(cmd, "client.brokers", "client.timeout", "security.key", "security.server_key")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		q, err := a.question(cmd)
		if err != nil {
			return err
		}
		target := wire.ReleaseTarget{Set: args[0]}
		if len(args) == 2 {
			if target.Number, err = strconv.ParseUint(args[1], 10, 64); err != nil || target.Number == 0 {
				return usage(cmd, fmt.Sprintf("%q is no number of a release", args[1]))
			}
		} else if target.Number, err = newestNumber(q, args[0]); err != nil {
			return err
		}
		if op == wire.OpRulesRetry {
			var id [8]byte
			_, _ = rand.Read(id[:])
			target.Retry = max(1, binary.BigEndian.Uint64(id[:]))
		}
		replies, err := askAll(q, func(ctx context.Context, c *client.Client) (struct{}, error) {
			_, err := c.ControlReleases(ctx, op, q.timeout, wire.JSONFrame(&target))
			return struct{}{}, err
		})
		if err != nil {
			return err
		}
		for _, r := range replies {
			if r.err == nil {
				a.printf("%s: %s of release %d of %s\n", r.broker, name, target.Number, target.Set)
			}
		}
		return allReached(replies)
	}
	return cmd
}

func newestNumber(q *question, set string) (n uint64, err error) {
	replies, err := askReleases(q, wire.ReleasesQuery{Set: set})
	if err != nil {
		return 0, err
	}
	for _, s := range setsOf(replies) {
		for _, r := range s.Releases {
			n = max(n, r.Number)
		}
	}
	if n == 0 {
		return 0, fmt.Errorf("no broker has a release of %s: push one first", set)
	}
	return n, nil
}
