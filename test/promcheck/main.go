// Command promcheck reads metrics from standard input with Prometheus's own
// parser, and says what it makes of them: name, type and number of series, a
// line for each family.
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func main() {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "promcheck:", err)
		os.Exit(1)
	}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		f := families[name]
		fmt.Println(name, f.GetType(), len(f.GetMetric()))
	}
}
