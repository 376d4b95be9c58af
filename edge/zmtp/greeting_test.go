package zmtp

import (
	"bytes"
	"errors"
	"testing"
)

func TestGreetingsOfEveryRevisionBelowThreeAreRefused(t *testing.T) {
	b := greeting{version: ours, mechanism: Null}.encode()
	for revision := range byte(4) {
		b[signatureSize] = revision
		_, err := readGreeting(bytes.NewReader(b))
		if refused := errors.Is(err, ErrProtocol); refused != (revision < 3) {
			t.Errorf("revision %d: %v", revision, err)
		}
	}
}
