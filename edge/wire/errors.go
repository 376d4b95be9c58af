package wire

// Errors: a code for programs, a message for people. One table holds what follows from a code.

import (
	"errors"
	"slices"

	"trawl/edge/escape"
)

// Code is the half of an error that is for programs. Codes are stable: they are part of the protocol.
type Code string

// The error codes of protocol version 1. A new one is a row of codes, and of the tables on the pages
// that pages_test.go names.
const (
	BadRequest    Code = "bad_request"    // the request breaks the protocol; asking again does not help
	TooLarge      Code = "too_large"      // a text or the request is over a limit
	UnknownRules  Code = "unknown_rules"  // no worker has ever served this rule set
	UnknownWorker Code = "unknown_worker" // no worker of this name was ever connected
	NoWorker      Code = "no_worker"      // known, but no worker was connected before the deadline
	Busy          Code = "busy"           // a queue or the memory budget is full
	Deadline      Code = "deadline"       // the time ran out
	WorkerLost    Code = "worker_lost"    // the worker went away, and the request may not be dispatched again
	TooManyHops   Code = "too_many_hops"  // a chain of workers that ask workers is too long
	Draining      Code = "draining"       // the broker or the worker is stopping
	Forbidden     Code = "forbidden"      // this peer may not do that
	Internal      Code = "internal"       // a fault of trawl
)

// CodeInfo says what follows from an error code.
type CodeInfo struct {
	Code       Code
	HTTPStatus int
	// TryOtherBroker: this broker has not done the request, and another broker may do it.
	TryOtherBroker bool
	// Retry: the same brokers may do the request if they are asked again a little later.
	Retry bool
	// Hint says what a person can do. Empty: the messages with this code say it.
	Hint string
}

var codes = []CodeInfo{
	{Code: BadRequest, HTTPStatus: 400},
	{Code: TooLarge, HTTPStatus: 413, Hint: "raise the broker's limits"},
	{Code: UnknownRules, HTTPStatus: 404, TryOtherBroker: true},
	{Code: UnknownWorker, HTTPStatus: 404, TryOtherBroker: true},
	{Code: NoWorker, HTTPStatus: 503},
	{Code: Busy, HTTPStatus: 503, TryOtherBroker: true, Retry: true},
	{Code: Deadline, HTTPStatus: 504, Hint: "give requests more time with --timeout, or add workers"},
	{Code: WorkerLost, HTTPStatus: 502, Retry: true, Hint: "look into the worker's log, then ask again"},
	{Code: TooManyHops, HTTPStatus: 508},
	{Code: Draining, HTTPStatus: 503, TryOtherBroker: true, Retry: true},
	{Code: Forbidden, HTTPStatus: 403},
	{Code: Internal, HTTPStatus: 500},
}

// Codes returns the table of error codes.
func Codes() []CodeInfo { return slices.Clone(codes) }

// Info returns the row of c in the table of codes. A code of a later version counts as Internal.
func (c Code) Info() *CodeInfo {
	for i := range codes {
		if codes[i].Code == c {
			return &codes[i]
		}
	}
	return &codes[len(codes)-1]
}

// Error is an error as the protocol carries it: a code, and a message of one line.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Error returns one line of bounded length, whatever a peer has put into e.
func (e *Error) Error() string {
	return escape.Cut(string(e.Code), 100) + ": " + escape.Cut(e.Message, escape.MaxLine)
}

// Errorf makes an *Error. Strings among args are shown as [escape.Sprintf] shows them, so a message
// that quotes a request is no longer than other messages.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: escape.Sprintf(format, args...)}
}

// AsError turns any error into one that the protocol can carry: err itself if it is an *Error, else
// one with the code Internal. Nil stays nil.
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
