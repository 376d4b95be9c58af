package main

// The commands that ask brokers about themselves, or tell them to stop.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"trawl/edge/client"
	"trawl/edge/human"
	"trawl/edge/wire"
)

func (a *app) pingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ping",
		Short: "Ask a broker whether it is there",
		Long:  "Ask a broker whether it is there. Of several brokers each is asked; exit status 0 if one answers.",
	}
	return a.control(cmd, func(q *question) error {
		replies, err := askAll(q, func(ctx context.Context, c *client.Client) (string, error) {
			start := time.Now()
			doc, err := c.Control(ctx, wire.OpPing, "", q.timeout)
			return fmt.Sprintf("%s  %s", doc, time.Since(start).Round(10*time.Microsecond)), err
		})
		if err != nil {
			return err
		}
		for _, r := range replies {
			switch {
			case r.err != nil:
				a.complain(r.err)
			case len(replies) == 1:
				a.printf("%s\n", r.value)
			default:
				a.printf("%s  %s\n", r.broker, r.value)
			}
		}
		return nil
	})
}

func (a *app) stopCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Stop a broker, or one worker, after it has answered what it has",
		Long: `Stop a broker, or one worker, after it has answered what it has. Workers stay when
their broker stops, and wait for it to come back.

A worker is told by the first broker that knows it, and leaves all of them. Of several
brokers none is stopped, unless --all says that all are meant.`,
	}
	name := cmd.Flags().String("worker", "", "name of the worker to stop; without, the broker stops")
	placeholder(cmd.Flags(), "worker", "NAME")
	all := cmd.Flags().Bool("all", false, "stop all brokers of the list")
	return a.control(cmd, func(q *question) error {
		switch worker := cmd.Flags().Changed("worker"); {
		case worker && *name == "": // an empty variable of a shell shall not stop the broker
			return usage(cmd, "--worker needs a name: trawl workers lists them")
		case worker && *all:
			return usage(cmd, "--all is about brokers, and --worker about one worker: give one of them")
		case worker:
			return a.stopWorker(q, *name)
		}
		if len(q.brokers) > 1 && !*all {
			return usage(cmd, fmt.Sprintf("%s are configured: name the one to stop with --broker, or give --all", human.Count(len(q.brokers), "broker")))
		}
		replies, err := askAll(q, func(ctx context.Context, c *client.Client) (struct{}, error) {
			_, err := c.Control(ctx, wire.OpStop, "", q.timeout)
			return struct{}{}, err
		})
		if err != nil {
			return err
		}
		var failures []error
		for _, r := range replies {
			switch {
			case r.err != nil:
				failures = append(failures, r.err) // what was asked for is not done
			case len(replies) == 1:
				a.printf("the broker is stopping\n")
			default:
				a.printf("the broker %s is stopping\n", r.broker)
			}
		}
		return errors.Join(failures...)
	})
}

// stopWorker asks one broker after the other until one knows the worker.
func (a *app) stopWorker(q *question, name string) error {
	var replies []reply[struct{}]
	for _, broker := range q.brokers {
		r := askOne(q.ctx, q, broker, func(ctx context.Context, c *client.Client) (struct{}, error) {
			_, err := c.Control(ctx, wire.OpStop, name, q.timeout)
			return struct{}{}, err
		})
		if r.err == nil {
			a.printf("worker %s is stopping\n", name)
			return nil
		}
		replies = append(replies, r)
	}
	return together(replies)
}

func (a *app) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show a broker, its rule sets and its workers",
		Long: `Show a broker, its rule sets and its workers. Of several brokers the first that
answers is shown (in the order of the list), and a line for each of the others.`,
	}
	asJSON := cmd.Flags().Bool("json", false, "print the broker's status document as it is")
	return a.control(cmd, func(q *question) error {
		return a.askStatus(q, *asJSON, func(r *reply[statusDocument]) {
			if *asJSON {
				a.printJSON(r.value.raw)
			} else {
				a.printStatus(r.value.status)
			}
		})
	})
}

func (a *app) workersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "workers",
		Short: "Show the workers of a broker",
		Long: `Show the workers of a broker. Of several brokers those of the first that answers are
shown (in the order of the list), and a line for each of the others.`,
	}
	asJSON := cmd.Flags().Bool("json", false, "print a JSON array")
	return a.control(cmd, func(q *question) error {
		return a.askStatus(q, *asJSON, func(r *reply[statusDocument]) {
			if *asJSON {
				a.printJSON(wire.JSONFrame(r.value.status.Workers))
			} else {
				a.printWorkers(r.value.status.Workers)
				a.printRefused(r.value.status)
				a.printBoards(r.value.status.Workers)
				a.printServed(r.value.status.Workers)
				a.printDifferingPacks(r.value.status)
			}
		})
	})
}

// statusDocument is a broker's status, read and as it came.
type statusDocument struct {
	status *wire.Status
	raw    []byte
}

// askStatus shows the first broker that answers, and has a line for each other:
// one that does not answer on standard error; one that does on standard output,
// unless programs read it.
func (a *app) askStatus(q *question, asJSON bool, show func(*reply[statusDocument])) error {
	replies, err := askAll(q, func(ctx context.Context, c *client.Client) (statusDocument, error) {
		raw, err := c.Control(ctx, wire.OpStatus, "", q.timeout)
		if err != nil {
			return statusDocument{}, err
		}
		d := statusDocument{status: new(wire.Status), raw: raw}
		if err := json.Unmarshal(raw, d.status); err != nil {
			return d, fmt.Errorf("unreadable status: %w", err)
		}
		return d, nil
	})
	if err != nil {
		return err
	}
	shown := slices.IndexFunc(replies, func(r reply[statusDocument]) bool { return r.err == nil })
	show(&replies[shown])
	first := true
	for i, r := range replies {
		switch {
		case i == shown:
		case r.err != nil:
			a.complain(r.err)
		case !asJSON:
			if first {
				a.printf("\n")
				first = false
			}
			b := &r.value.status.Broker
			a.printf("broker %s at %s: %s for %s; %s, %s, %s pending\n", b.Name, r.broker, brokerState(b), time.Duration(b.UptimeS)*time.Second,
				human.Count(len(r.value.status.Workers), "worker"), human.Count(b.Clients, "client"), human.Count(b.Pending, "request"))
		}
	}
	return nil
}

func brokerState(b *wire.BrokerStatus) string {
	if b.Draining {
		return "draining"
	}
	return "serving"
}
