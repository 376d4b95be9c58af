package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"trawl/edge/client"
	"trawl/edge/config"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// connect makes the client that the configuration asks for.
func connect(c *config.Config) (*client.Client, error) {
	security, err := peerSecurity(c)
	if err != nil {
		return nil, err
	}
	return client.New(client.Options{Brokers: c.Client.Brokers, Security: security})
}

// explain says what to do about an error of a broker.
func explain(err error) error {
	var none *client.NoBrokerError
	if !errors.As(err, &none) {
		return err
	}
	reason := ""
	if none.Err != nil {
		reason = " (" + rootCause(none.Err).Error() + ")"
	}
	return fmt.Errorf("no broker answers at %s%s; start one with trawl broker, or name another with --broker or TRAWL_BROKER",
		strings.Join(none.Brokers, ", "), reason)
}

// rootCause is the error that err wraps: "connection refused" without the
// address that every layer has put before it, or how the protocol was broken.
func rootCause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil || next == zmtp.ErrProtocol {
			return err
		}
		err = next
	}
}

// controlTimeout is what control commands wait for a broker, unless --timeout
// says otherwise: nobody wants to stare at a status that does not come.
const controlTimeout = 3 * time.Second

// control makes a command that sends a control request and shows its answer.
func (a *app) control(cmd *cobra.Command, ask func(ctx context.Context, c *client.Client, timeout time.Duration) error) *cobra.Command {
	bind(cmd, "client.brokers", "client.timeout", "security.key", "security.server_key")
	cmd.Args = noArgs
	cmd.Flags().Lookup("timeout").DefValue = controlTimeout.String()
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := a.settings(cmd)
		if err != nil {
			return err
		}
		timeout := controlTimeout
		if c.IsSet("client.timeout") {
			timeout = c.Client.Timeout
		}
		conn, err := connect(c)
		if err != nil {
			return err
		}
		defer conn.Close()
		return explain(ask(cmd.Context(), conn, timeout))
	}
	return cmd
}

func (a *app) pingCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "ping", Short: "Ask a broker whether it is there"}
	return a.control(cmd, func(ctx context.Context, c *client.Client, timeout time.Duration) error {
		start := time.Now()
		doc, err := c.Control(ctx, wire.OpPing, "", timeout)
		if err != nil {
			return err
		}
		a.printf("%s  %s\n", doc, time.Since(start).Round(10*time.Microsecond))
		return nil
	})
}

func (a *app) stopCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Stop a broker, or one worker, after it has answered what it has",
		Long:  "Stop a broker, or one worker, after it has answered what it has. Workers stay when their broker stops, and wait for it to come back.",
	}
	name := cmd.Flags().String("worker", "", "name of the worker to stop; without, the broker stops")
	placeholder(cmd.Flags(), "worker", "NAME")
	return a.control(cmd, func(ctx context.Context, c *client.Client, timeout time.Duration) error {
		if _, err := c.Control(ctx, wire.OpStop, *name, timeout); err != nil {
			return err
		}
		if *name != "" {
			a.printf("worker %s is stopping\n", *name)
		} else {
			a.printf("the broker is stopping\n")
		}
		return nil
	})
}

func (a *app) statusCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "status", Short: "Show a broker, its rule sets and its workers"}
	asJSON := cmd.Flags().Bool("json", false, "print the broker's status document as it is")
	return a.control(cmd, func(ctx context.Context, c *client.Client, timeout time.Duration) error {
		if *asJSON {
			doc, err := c.Control(ctx, wire.OpStatus, "", timeout)
			if err == nil {
				a.printf("%s\n", doc)
			}
			return err
		}
		s, err := c.Status(ctx, timeout)
		if err != nil {
			return err
		}
		a.printStatus(s)
		return nil
	})
}

func (a *app) workersCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "workers", Short: "Show the workers of a broker"}
	asJSON := cmd.Flags().Bool("json", false, "print a JSON array")
	return a.control(cmd, func(ctx context.Context, c *client.Client, timeout time.Duration) error {
		s, err := c.Status(ctx, timeout)
		if err != nil {
			return err
		}
		if *asJSON {
			a.printf("%s\n", wire.JSONFrame(s.Workers))
			return nil
		}
		a.printWorkers(s.Workers)
		return nil
	})
}

func (a *app) printStatus(s *wire.Status) {
	b := &s.Broker
	state := "serving"
	if b.Draining {
		state = "draining"
	}
	a.printf("broker %s (trawl %s, protocol %s), %s for %s\n", b.Name, b.Version, b.Protocol, state, time.Duration(b.UptimeS)*time.Second)
	a.printf("clients at %s, workers at %s\n", strings.Join(b.ClientsAt, ", "), strings.Join(b.WorkersAt, ", "))
	a.printf("%s connected, %s pending (%s), %s resident\n", plural(int64(b.Clients), "client"), plural(int64(b.Pending), "request"),
		size(b.PendingBytes), size(b.ResidentBytes))
	a.printf("%s answered: %s; %d given to another worker\n", plural(b.Requests, "request"), outcomes(b.Answers), b.Retried+b.Recalled)
	if b.Copied+b.Hedged > 0 {
		a.printf("given to a second worker as well: %d for a silent one, %d for a slow one; the second was first %d times\n", b.Copied, b.Hedged, b.HedgesWon)
	}
	if b.HeldBack+b.Overflowed+b.Stalled > 0 {
		a.printf("clients held back until they had read answers %d times; closed: %d that did not read, %d that stopped in the middle of a request\n", b.HeldBack, b.Overflowed, b.Stalled)
	}
	if len(b.Refused) > 0 {
		a.printf("peers refused, by reason: %s\n", outcomes(b.Refused))
	}
	a.printf("\n")
	var table strings.Builder
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RULE SET\tPACK\tWORKERS\tQUEUED\tP50 MS\tP99 MS")
	for _, r := range s.RuleSets {
		p50, p99 := "-", "-"
		if r.Latency != nil {
			p50, p99 = fmt.Sprint(r.Latency.P50), fmt.Sprint(r.Latency.P99)
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%s\t%s\n", r.Name, shortHashes(r.Hashes), r.Workers, r.Queued, p50, p99)
	}
	_ = t.Flush()
	a.printf("%s\n", table.String())
	a.printWorkers(s.Workers)
	a.printScans(s.Workers)
}

// printScans says how the workers scan: the engine of each pack, and what was
// measured on the board.
func (a *app) printScans(workers []wire.WorkerStatus) {
	var table strings.Builder
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WORKER\tRULES\tENGINE\tSCANS BY")
	rows := 0
	for i := range workers {
		for _, r := range workers[i].Rules {
			if r.Scan != "" {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", workers[i].Name, r.Name, r.Engine, r.Scan)
				rows++
			}
		}
	}
	if _ = t.Flush(); rows > 0 {
		a.printf("\n%s", table.String())
	}
}

func (a *app) printWorkers(workers []wire.WorkerStatus) {
	if len(workers) == 0 {
		a.printf("no workers connected; start one with trawl worker --rules FILE\n")
		return
	}
	var table strings.Builder
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WORKER\tKIND\tSTATE\tADDRESS\tSLOTS\tHOLDS\tANSWERED\tTEXT\tMATCHES\tRESIDENT\tRULES")
	for i := range workers {
		w := &workers[i]
		text, matches, resident := "", "", ""
		if w.Stats != nil {
			text, matches, resident = size(w.Stats.Bytes), fmt.Sprint(w.Stats.Matches), size(w.Stats.ResidentBytes)
		}
		var sets []string
		for _, r := range w.Rules {
			sets = append(sets, r.Name)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d of %d\t%d\t%s\t%s\t%s\t%s\n", w.Name, w.Kind, w.State, w.Address,
			w.Slots, w.Outstanding, w.Window, w.Answered, text, matches, resident, strings.Join(sets, ","))
	}
	_ = t.Flush()
	a.printf("%s", table.String())
}
