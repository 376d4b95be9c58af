package scan

// Errors that end a scan, in one line that says what to do.

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"trawl/edge/client"
	"trawl/edge/wire"
)

// brokerError explains why the broker did not answer; where is the first file
// whose answer is missing.
func brokerError(where string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	hint := ""
	var coded *wire.Error
	var nobody *client.NoBrokerError
	switch {
	case errors.As(err, &coded):
		hint = coded.Code.Info().Hint
	case errors.As(err, &nobody):
		hint = "is it running, and is its address right?"
	}
	if hint != "" {
		return fmt.Errorf("scan stopped at %s: %w (%s)", where, err, hint)
	}
	return fmt.Errorf("scan stopped at %s: %w", where, err)
}

// answerError says that the broker's answer makes no sense.
func answerError(where string, err error) error {
	return fmt.Errorf("scan stopped at %s: unusable answer (%w): are broker and workers of the same version as this trawl?", where, err)
}

func outputError(err error) error { return fmt.Errorf("cannot write the output: %w", err) }

// reason is err without the path, which the message has already.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
