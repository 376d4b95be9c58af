package wire

import (
	"os"
	"regexp"
	"testing"
)

// A code without a row would count as internal.
func TestEveryCodeHasARow(t *testing.T) {
	source, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	constants := regexp.MustCompile(`(?m)^\s+\w+\s+Code = "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	if len(constants) != len(codes) {
		t.Errorf("%d codes, %d rows", len(constants), len(codes))
	}
	for _, c := range constants {
		if code := Code(c[1]); code.Info().Code != code || code.Info().HTTPStatus < 400 {
			t.Errorf("%s has the row %+v", code, *code.Info())
		}
	}
	if info := Code("of a later version").Info(); info.Code != Internal {
		t.Errorf("a code that is not known counts as %s", info.Code)
	}
}
