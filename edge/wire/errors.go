package wire

// Errors: a code for programs, a message for people. One table holds the consequences of each code.

import (
	"errors"
	"slices"

	"trawl/edge/escape"
)

// Code is the part of an error for programs. Codes are part of the protocol and do not change.
type Code string

// The error codes of protocol version 1. A new code needs a row in codes, and in the tables on pages;
// pages_test.go names missing rows.
const (
	BadRequest    Code = "bad_request"    // the request breaks the protocol; asking again does not help
	TooLarge      Code = "too_large"      // a text or the request is over a limit
	UnknownRules  Code = "unknown_rules"  // no worker has ever served this rule set
	UnknownWorker Code = "unknown_worker" // no worker of this name was ever connected
	NoWorker      Code = "no_worker"      // known, but no worker was connected before the deadline
	Busy          Code = "busy"           // a queue or the memory budget is full
	Deadline      Code = "deadline"       // the time ran out
	WorkerLost    Code = "worker_lost"    // the worker went away, and the request may not be dispatched again
	TooManyHops   Code = "too_many_hops"  // a chain of sub-requests is too long
	Draining      Code = "draining"       // the broker or the worker is stopping
	Forbidden     Code = "forbidden"      // this peer lacks the right
	Internal      Code = "internal"       // a fault of trawl
)

// CodeInfo holds the consequences of an error code.
type CodeInfo struct {
	Code       Code
	HTTPStatus int
	// TryOtherBroker: this broker has not done the request, and another broker may.
	TryOtherBroker bool
	// Retry: the brokers may do the request a little later.
	Retry bool
	// Hint is advice for people. Empty: the messages with this code have the advice.
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

// Error is an error of the protocol: a code, and a message of one line.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Error returns a line of bounded length, whatever a peer has put into e.
func (e *Error) Error() string {
	return escape.Cut(string(e.Code), 100) + ": " + escape.Cut(e.Message, escape.MaxLine)
}

// Errorf makes an *Error. Strings among args are escaped and cut by [escape.Sprintf], which bounds
// messages quoting a request.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: escape.Sprintf(format, args...)}
}

// AsError turns any error into an error of the protocol: the *Error in err's chain, else an *Error
// with the code Internal. Nil stays nil.
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
