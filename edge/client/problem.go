package client

// Errors: unreachable brokers and lost connections.

import (
	"errors"
	"fmt"
	"strings"
)

// ErrClosed is returned by calls on a closed Client.
var ErrClosed = errors.New("client: closed")

// Problem is a broker without a connection, and why.
type Problem struct {
	Broker string
	Err    error // nil: the broker has neither refused nor answered yet
}

// NoBrokerError means: no broker could be reached in time. Problems has the latest problem of each
// broker.
type NoBrokerError struct{ Problems []Problem }

func (e *NoBrokerError) Error() string {
	parts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		parts[i] = fmt.Sprintf("%s: %v", p.Broker, errNoAnswer)
		if p.Err != nil {
			parts[i] = fmt.Sprintf("%s: %v", p.Broker, p.Err)
		}
	}
	return "no broker answered: " + strings.Join(parts, "; ")
}

var errNoAnswer = errors.New("no answer to the attempt to connect yet")

// Unwrap returns the errors of the problems.
func (e *NoBrokerError) Unwrap() []error {
	var errs []error
	for _, p := range e.Problems {
		if p.Err != nil {
			errs = append(errs, p.Err)
		}
	}
	return errs
}

// LostError means: the connection was lost while a request with NoRetry was under way. Nobody knows
// whether the request was done.
type LostError struct {
	Broker string
	Err    error // why the connection was lost
}

func (e *LostError) Error() string {
	return fmt.Sprintf("the connection to the broker %s was lost before the answer (%v): the request may have been done or not, and is not to be asked twice", e.Broker, e.Err)
}

// Unwrap returns why the connection was lost.
func (e *LostError) Unwrap() error { return e.Err }

// Problems returns the brokers without a connection, in the order of Options.Brokers.
func (c *Client) Problems() []Problem {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.problemsLocked()
}

func (c *Client) problemsLocked() []Problem {
	var all []Problem
	for _, l := range c.links {
		if l.conn == nil {
			all = append(all, Problem{Broker: l.broker, Err: l.problem})
		}
	}
	return all
}
