package wire

import (
	"errors"

	"trawl/edge/escape"
)

// Code is the machine's half of an error: stable, part of the protocol.
type Code string

// The error codes of protocol version 1.
const (
	BadRequest    Code = "bad_request"    // the request breaks the protocol; asking again will not help
	TooLarge      Code = "too_large"      // a text or the request is over a limit
	UnknownRules  Code = "unknown_rules"  // no worker has ever served this rule set
	UnknownWorker Code = "unknown_worker" // no worker of this name was ever here
	NoWorker      Code = "no_worker"      // known, but none was connected before the deadline
	Busy          Code = "busy"           // a queue or the memory budget is full: try later
	Deadline      Code = "deadline"       // the time ran out
	WorkerLost    Code = "worker_lost"    // the worker went away and the request may not be tried again
	TooManyHops   Code = "too_many_hops"  // a chain of workers that ask workers is too long
	Draining      Code = "draining"       // the broker or the worker is stopping
	Forbidden     Code = "forbidden"      // this peer may not do that
	Internal      Code = "internal"       // a fault of trawl's own
)

// Error is an error as the protocol carries it: a code for programs, a
// message of one line for people.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Error is one line of bounded length, whatever a peer has put into e.
func (e *Error) Error() string {
	return escape.Cut(string(e.Code), 100) + ": " + escape.Cut(e.Message, escape.MaxLine)
}

// Errorf makes an *Error. Texts among args are shown as [escape.Sprintf] does it, so
// that a message that quotes a request is no longer than others.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: escape.Sprintf(format, args...)}
}

// AsError turns any error into one that the protocol can carry; what is not
// an *Error already becomes Internal. Nil stays nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: Internal, Message: err.Error()}
}
