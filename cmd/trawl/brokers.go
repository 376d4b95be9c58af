package main

// Asking brokers: one of a list, or each of them.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"trawl/edge/client"
	"trawl/edge/config"
	"trawl/edge/zmtp"
)

// clientSettings are the settings of the commands that send requests to
// whichever broker is there.
var clientSettings = []string{"client.brokers", "client.spread", "client.timeout", "security.key", "security.server_key"}

// connect makes the client that the configuration asks for.
func (a *app) connect(c *config.Config) (*client.Client, error) {
	var log *slog.Logger // at level debug only: what went wrong is said by the command
	if c.Log.Level == "debug" {
		log = a.logger(c)
	}
	return connectTo(c, c.Client.Brokers, log)
}

func connectTo(c *config.Config, brokers []string, log *slog.Logger) (*client.Client, error) {
	security, err := peerSecurity(c)
	if err != nil {
		return nil, err
	}
	return client.New(client.Options{Brokers: brokers, Spread: c.Client.Spread, Heartbeat: c.Client.Heartbeat, Security: security, Log: log})
}

// explain says what to do about an error of a broker: one that is away is to be
// started, one that refuses us is there.
func explain(err error) error {
	var none *client.NoBrokerError
	if !errors.As(err, &none) {
		return err
	}
	var away, all []string
	for _, p := range none.Problems {
		reason := "no answer to the attempt to connect"
		if p.Err != nil {
			reason = rootCause(p.Err).Error()
		}
		var unknown *net.DNSError
		switch {
		case zmtp.IsRefusal(p.Err):
			all = append(all, fmt.Sprintf("%s refuses us (%s); %s", p.Broker, reason, refusalAdvice(p.Err)))
		case errors.As(p.Err, &unknown) && unknown.IsNotFound:
			all = append(all, fmt.Sprintf("%s has no address (%s); write the host as the network knows it, or its address", p.Broker, reason))
		default:
			away = append(away, fmt.Sprintf("%s (%s)", p.Broker, reason))
		}
	}
	if len(away) > 0 {
		all = append(all, fmt.Sprintf("no broker answers at %s; start one with trawl broker, or name another with --broker or TRAWL_BROKER", strings.Join(away, ", ")))
	}
	return errors.New(strings.Join(all, "\n"))
}

// refusalAdvice says what to do about a broker that is there and does not let us in.
func refusalAdvice(err error) string {
	var mechanism *zmtp.MechanismError
	switch {
	case errors.As(err, &mechanism) && mechanism.Ours == zmtp.Null:
		return "it wants keys: make a pair with trawl keygen, have the public half allowed there, and give --key and --server-key"
	case errors.As(err, &mechanism):
		return "it has no keys: do without --key (security.key) here, or give it keys"
	case errors.Is(err, zmtp.ErrProtocol):
		return "name a port of a broker: by default 5555 is for clients, 5556 for workers"
	}
	return "its log says why: give its own public key with --server-key, and have our public key allowed there, with the role for this port"
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

const (
	// controlTimeout is what control commands wait for a broker, unless --timeout
	// says otherwise: nobody wants to stare at a status that does not come.
	controlTimeout = 3 * time.Second
	// otherTime is how long the other brokers of a list may take once one has
	// answered.
	otherTime = time.Second
)

// question is what a control command asks with.
type question struct {
	ctx     context.Context
	config  *config.Config
	brokers []string
	timeout time.Duration
}

// control makes a command that sends control requests and shows the answers.
func (a *app) control(cmd *cobra.Command, ask func(q *question) error) *cobra.Command {
	bind(cmd, "client.brokers", "client.timeout", "security.key", "security.server_key")
	cmd.Args = noArgs
	cmd.Flags().Lookup("timeout").DefValue = controlTimeout.String()
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		q, err := a.question(cmd)
		if err != nil {
			return err
		}
		return ask(q)
	}
	return cmd
}

// question reads the settings of a control command.
func (a *app) question(cmd *cobra.Command) (*question, error) {
	c, err := a.settings(cmd)
	if err != nil {
		return nil, err
	}
	q := &question{ctx: cmd.Context(), config: c, brokers: c.Client.Brokers, timeout: controlTimeout}
	if c.IsSet("client.timeout") {
		q.timeout = c.Client.Timeout
	}
	return q, nil
}

// reply is what one broker said.
type reply[T any] struct {
	broker string
	value  T
	err    error
}

// askAll asks each broker, all at once, and returns the replies in the order of
// the list. There is an error if none answers; and once one has, the others
// have otherTime left.
func askAll[T any](q *question, ask func(context.Context, *client.Client) (T, error)) ([]reply[T], error) {
	ctx, cancel := context.WithCancel(q.ctx)
	defer cancel()
	replies := make([]reply[T], len(q.brokers))
	var asking sync.WaitGroup
	for i, broker := range q.brokers {
		asking.Go(func() {
			replies[i] = askOne(ctx, q, broker, ask)
			if replies[i].err == nil {
				time.AfterFunc(otherTime, cancel)
			}
		})
	}
	asking.Wait()
	failed := 0
	for i := range replies {
		if replies[i].err != nil {
			failed++
		}
	}
	if failed == len(replies) {
		return nil, together(replies)
	}
	for i := range replies {
		replies[i].err = explain(replies[i].err)
	}
	return replies, nil
}

// askOne asks one broker, and no other in its place.
func askOne[T any](ctx context.Context, q *question, broker string, ask func(context.Context, *client.Client) (T, error)) reply[T] {
	r := reply[T]{broker: broker}
	c, err := connectTo(q.config, []string{broker}, nil)
	if err != nil {
		r.err = err
		return r
	}
	defer c.Close()
	r.value, r.err = ask(ctx, c)
	if errors.Is(r.err, context.Canceled) && q.ctx.Err() == nil { // others have answered
		r.err = errors.New("connected, but no answer")
		if problems := c.Problems(); len(problems) > 0 {
			r.err = &client.NoBrokerError{Problems: problems}
		}
	}
	var none *client.NoBrokerError
	if r.err != nil && len(q.brokers) > 1 && !errors.As(r.err, &none) {
		r.err = fmt.Errorf("%s: %w", broker, r.err)
	}
	return r
}

// together makes one error of replies that are all errors: all brokers that are
// away are in one line.
func together[T any](replies []reply[T]) error {
	away := &client.NoBrokerError{}
	var others []error
	for _, r := range replies {
		var none *client.NoBrokerError
		if errors.As(r.err, &none) {
			away.Problems = append(away.Problems, none.Problems...)
		} else {
			others = append(others, r.err)
		}
	}
	if len(away.Problems) > 0 {
		others = append(others, explain(away))
	}
	return errors.Join(others...)
}
