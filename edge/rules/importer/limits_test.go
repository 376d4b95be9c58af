package importer

import (
	"errors"
	"regexp/syntax"
)

// tooLarge tells expressions that are right but that RE2 syntax bounds.
func tooLarge(err error) bool {
	var e *syntax.Error
	return errors.As(err, &e) && (e.Code == syntax.ErrLarge || e.Code == syntax.ErrNestingDepth || e.Code == syntax.ErrInvalidRepeatSize)
}
