// Bytes written as hexadecimal digits.

package importer

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// hexBytes reads pairs of hexadecimal digits with spaces between them.
func hexBytes(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		return nil, fmt.Errorf("%.40q is not pairs of hexadecimal digits", s)
	}
	return b, nil
}
