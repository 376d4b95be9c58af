package docs

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// readMetrics returns the labels of the metrics that docs/metrics.md lists, by
// name; a test of the broker holds that list against its own.
func readMetrics(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{"up": nil} // Prometheus's own, of every target
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| ([^|]*) \\|")
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		labels := regexp.MustCompile(`\w+`).FindAllString(m[3], -1)
		if m[2] != "histogram" {
			all[m[1]] = labels
			continue
		}
		all[m[1]+"_bucket"] = append(slices.Clone(labels), "le")
		all[m[1]+"_sum"], all[m[1]+"_count"] = labels, labels
	}
	if len(all) < 50 {
		t.Fatalf("docs/metrics.md lists only %d metrics", len(all))
	}
	return all
}

var (
	quoted   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`)
	window   = regexp.MustCompile(`\[[^\]]*\]`)
	grouping = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	selector = regexp.MustCompile(`([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}`)
	matcher  = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`)
	word     = regexp.MustCompile(`[a-zA-Z_:][\w:]*(?:\s*\()?`)

	operators    = []string{"and", "or", "unless", "bool", "offset"}
	targetLabels = []string{"job", "instance"} // Prometheus's own, of every series
)

// wrongIn says what an expression of PromQL names that trawl does not have, and how
// many metrics it names. It takes names out and is no parser: that is promtool.
func wrongIn(expr string, metrics map[string][]string) (wrong []string, named int) {
	labels := slices.Clone(targetLabels)
	name := func(metric, selected string) {
		known, ok := metrics[metric]
		if !ok {
			wrong = append(wrong, "there is no metric "+metric)
			return
		}
		named++
		labels = append(labels, known...)
		for _, m := range matcher.FindAllStringSubmatch(selected, -1) {
			if !slices.Contains(known, m[1]) && !slices.Contains(targetLabels, m[1]) {
				wrong = append(wrong, fmt.Sprintf("%s has no label %s", metric, m[1]))
			}
		}
	}
	expr = window.ReplaceAllString(quoted.ReplaceAllString(expr, `""`), "")
	groups := grouping.FindAllStringSubmatch(expr, -1)
	expr = grouping.ReplaceAllString(expr, " ")
	for _, m := range selector.FindAllStringSubmatch(expr, -1) {
		name(m[1], m[2])
	}
	for _, m := range word.FindAllString(selector.ReplaceAllString(expr, " "), -1) {
		if !strings.HasSuffix(m, "(") && !slices.Contains(operators, m) { // no function
			name(m, "")
		}
	}
	for _, m := range groups {
		for label := range strings.SplitSeq(m[1], ",") {
			if label = strings.TrimSpace(label); !slices.Contains(labels, label) {
				wrong = append(wrong, "nothing in it has a label "+label)
			}
		}
	}
	return wrong, named
}

func TestWrongMetricsAreFound(t *testing.T) {
	metrics := map[string][]string{"a_total": {"rule_set"}, "b_bucket": {"le"}}
	for expr, want := range map[string]string{
		`sum by (rule_set) (rate(a_total{rule_set=~"x|y", instance="z"}[5m])) > bool 0`: "",
		`histogram_quantile(0.99, sum by (le) (rate(b_bucket[$__rate_interval]))) / 2`:  "",
		`rate(c_total[5m])`:                     "there is no metric c_total",
		`a_total{worker="x"}`:                   "a_total has no label worker",
		`sum(a_total) by (outcome)`:             "nothing in it has a label outcome",
		`a_total > 1 and typing_error`:          "there is no metric typing_error",
		`b_bucket{le="c_total"} unless d_total`: "there is no metric d_total",
	} {
		if wrong, _ := wrongIn(expr, metrics); strings.Join(wrong, "; ") != want {
			t.Errorf("%s: %q, want %q", expr, wrong, want)
		}
	}
}

func TestAlertsNameMetricsThatThereAre(t *testing.T) {
	text, err := os.ReadFile("monitoring/trawl-alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil {
		t.Fatal(err)
	}
	metrics, page := readMetrics(t), readOperating(t)
	seen := make(map[string]bool)
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			wrong, named := wrongIn(r.Expr, metrics)
			if len(wrong) > 0 || named == 0 {
				t.Errorf("%s: %q names %d metrics; %v", r.Alert, r.Expr, named, wrong)
			}
			if seen[r.Alert] || r.Annotations["summary"] == "" || r.Annotations["do"] == "" || r.Labels["severity"] == "" {
				t.Errorf("%q: twice, or without severity, summary or do", r.Alert)
			}
			if !strings.Contains(page, "`"+r.Alert+"`") {
				t.Errorf("docs/operating.md does not say what to do about %s", r.Alert)
			}
			seen[r.Alert] = true
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d alerts", len(seen))
	}
	for _, m := range regexp.MustCompile("`(Trawl[A-Z]\\w+)`").FindAllStringSubmatch(page, -1) {
		if !seen[m[1]] {
			t.Errorf("docs/operating.md has %s, which is no alert", m[1])
		}
	}
}

func readOperating(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("operating.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// place is where a panel lies on the dashboard's grid, 24 wide.
type place struct{ H, W, X, Y int }

type panel struct {
	ID          int
	Type, Title string
	GridPos     place
	Targets     []struct{ Expr string }
}

func readDashboard(t *testing.T) (panels []panel, variables map[string]string) {
	t.Helper()
	text, err := os.ReadFile("monitoring/trawl-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Title, UID string
		Panels     []panel
		Templating struct {
			List []struct{ Name, Type, Definition string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	variables = make(map[string]string)
	for _, v := range board.Templating.List {
		if v.Type == "query" {
			variables[v.Name] = v.Definition
		}
	}
	if board.Title == "" || board.UID == "" || len(board.Panels) < 20 || len(variables) == 0 {
		t.Fatalf("title %q, uid %q, %d panels, %d variables", board.Title, board.UID, len(board.Panels), len(variables))
	}
	return board.Panels, variables
}

func TestDashboardNamesMetricsThatThereAre(t *testing.T) {
	panels, variables := readDashboard(t)
	metrics := readMetrics(t)
	for _, p := range panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			if wrong, named := wrongIn(target.Expr, metrics); len(wrong) > 0 || named == 0 {
				t.Errorf("panel %q: %q names %d metrics; %v", p.Title, target.Expr, named, wrong)
			}
			for _, m := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
				if variables[m[1]] == "" && m[1] != "__rate_interval" {
					t.Errorf("panel %q: there is no variable %s", p.Title, m[1])
				}
			}
		}
	}
	for name, definition := range variables {
		m := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`).FindStringSubmatch(definition)
		if m == nil {
			t.Errorf("variable %s: %q is not understood", name, definition)
		} else if labels, ok := metrics[m[1]]; !ok || !slices.Contains(slices.Concat(targetLabels, labels), m[2]) {
			t.Errorf("variable %s: there is no %s with a label %s", name, m[1], m[2])
		}
	}
}

func TestDashboardPanelsDoNotOverlap(t *testing.T) {
	panels, _ := readDashboard(t)
	ids := make(map[int]bool)
	taken := make(map[[2]int]string)
	for _, p := range panels {
		if ids[p.ID] || p.Title == "" {
			t.Errorf("panel %d %q: the number comes twice, or it has no title", p.ID, p.Title)
		}
		ids[p.ID] = true
		g := p.GridPos
		if g.W < 1 || g.H < 1 || g.X < 0 || g.X+g.W > 24 {
			t.Errorf("panel %q lies outside: %+v", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("panel %q lies over %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}
