package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The pages say what the tables of this package say. A row that is missing on a page, or that says
// otherwise, fails here.

func page(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// section returns the part of a page from a heading to the next one.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, after, ok := strings.Cut(page, "\n"+heading+"\n")
	if !ok {
		t.Fatalf("there is no %q", heading)
	}
	part, _, _ := strings.Cut(after, "\n#")
	return part
}

// rows returns the cells of all rows of the tables in text, without their heads.
func rows(text string) (rows [][]string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|-") {
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), " |") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		rows = append(rows, cells)
	}
	return rows
}

var quoted = regexp.MustCompile("`([^`]+)`")

// inBackticks returns what stands in backticks in text.
func inBackticks(text string) (words []string) {
	for _, m := range quoted.FindAllStringSubmatch(text, -1) {
		words = append(words, m[1])
	}
	return words
}

func codesWhere(is func(c *CodeInfo) bool) (names []string) {
	for _, c := range Codes() {
		if is(&c) {
			names = append(names, string(c.Code))
		}
	}
	slices.Sort(names)
	return names
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	got = slices.Sorted(slices.Values(got))
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		t.Errorf("%s: the page has %q, the table %q", what, got, want)
	}
}

func TestPagesHaveTheErrorCodes(t *testing.T) {
	all := codesWhere(func(*CodeInfo) bool { return true })
	protocol := page(t, "PROTOCOL.md")
	var got []string
	for _, row := range rows(section(t, protocol, "### Errors")) {
		got = append(got, inBackticks(row[0])...)
	}
	equal(t, "PROTOCOL.md, Errors", got, all)

	got = nil
	for _, row := range rows(section(t, protocol, "### Several brokers")) {
		if strings.HasPrefix(row[1], "yes") {
			got = append(got, inBackticks(row[0])...)
		}
	}
	equal(t, "PROTOCOL.md, ask another broker", got, codesWhere(func(c *CodeInfo) bool { return c.TryOtherBroker }))

	got = nil
	for _, row := range rows(page(t, "HTTP.md")) {
		if !regexp.MustCompile(`^\d{3}$`).MatchString(row[0]) {
			continue
		}
		for _, word := range inBackticks(row[1]) {
			if slices.Contains(all, word) {
				got = append(got, word+" "+row[0])
			}
		}
	}
	var statuses []string
	for _, c := range Codes() {
		statuses = append(statuses, fmt.Sprint(c.Code, " ", c.HTTPStatus))
	}
	equal(t, "HTTP.md", got, statuses)

	got = nil
	for _, row := range rows(page(t, "../../docs/operating.md")) {
		got = append(got, inBackticks(row[0])...)
	}
	for _, code := range all {
		if code != string(BadRequest) && code != string(Forbidden) && !slices.Contains(got, code) { // their messages say all
			t.Errorf("operating.md does not say what to do about %s", code)
		}
	}
}

// The package comment of edge/client has a table of what a client does about errors.
func TestClientDocHasTheErrorCodes(t *testing.T) {
	var tried, retried []string
	var row []string // codes of the row that a line belongs to
	for line := range strings.Lines(page(t, "../client/doc.go")) {
		text, ok := strings.CutPrefix(line, "//\t")
		if !ok {
			continue
		}
		if left := strings.TrimSpace(text[:min(len(text), 31)]); left != "" {
			row = strings.Split(left, ", ")
		}
		if strings.Contains(text, "asked of each other broker") {
			tried = append(tried, row...)
		}
		if strings.Contains(text, "with Retry") {
			retried = append(retried, row...)
		}
	}
	equal(t, "client/doc.go, asked of other brokers", tried, codesWhere(func(c *CodeInfo) bool { return c.TryOtherBroker }))
	equal(t, "client/doc.go, with Retry", retried, codesWhere(func(c *CodeInfo) bool { return c.Retry }))
}

func TestPagesHaveTheHeaderKeys(t *testing.T) {
	form := section(t, page(t, "PROTOCOL.md"), "### Full form: two or more frames")
	var got []string
	defaults := make(map[string]any)
	for _, row := range rows(form)[1:] {
		key := inBackticks(row[0])[0]
		got = append(got, key)
		if len(row) > 2 && strings.Trim(row[2], "`") != "" && row[2] != "any" && row[2] != "none" {
			value, ok := QueryValue(key, strings.Trim(row[2], "`"))
			if !ok {
				value = strings.Trim(row[2], "`")
			}
			defaults[key] = value
		}
	}
	equal(t, "PROTOCOL.md, header", got, HeaderKeys())
	frame, err := json.Marshal(defaults)
	if err != nil {
		t.Fatal(err)
	}
	if h, err := ParseRequestHeader(frame); err != nil || h != NewRequestHeader() || len(defaults) < 7 {
		t.Errorf("PROTOCOL.md gives the defaults %s, which make %+v, %v", frame, h, err)
	}

	_, after, _ := strings.Cut(page(t, "HTTP.md"), "Query parameters are keys of the request header:")
	list, _, _ := strings.Cut(after, ".")
	got = slices.DeleteFunc(inBackticks(list), func(s string) bool { return strings.Contains(s, "=") }) // an example
	equal(t, "HTTP.md, query parameters", got, QueryKeys())

	clients := page(t, "../../docs/clients.md")
	if all := "known are " + strings.Join(HeaderKeys(), ", ") + `"`; !strings.Contains(clients, all) {
		t.Errorf("clients.md does not quote the error about an unknown key, with %q", all)
	}
	trawlOnly := "`" + strings.Join(TrawlOnlyKeys(), "`, `") + "`"
	last := strings.LastIndex(trawlOnly, ", ")
	trawlOnly = trawlOnly[:last] + " or " + trawlOnly[last+2:]
	for name, text := range map[string]string{"PROTOCOL.md": section(t, page(t, "PROTOCOL.md"), "## 4. Plain workers"), "clients.md": clients} {
		if !strings.Contains(strings.ReplaceAll(text, "\n", " "), trawlOnly) {
			t.Errorf("%s does not say that plain workers take no %s", name, trawlOnly)
		}
	}
}

func TestProtocolPageHasTheWants(t *testing.T) {
	protocol := page(t, "PROTOCOL.md")
	for _, row := range rows(section(t, protocol, "### Full form: two or more frames")) {
		switch row[0] {
		case "`want`":
			equal(t, "PROTOCOL.md, want", slices.Compact(slices.Sorted(slices.Values(inBackticks(row[1])))), WantNames())
		case "`fields`":
			equal(t, "PROTOCOL.md, fields", inBackticks(row[1]), FieldNames())
		}
	}
	numbers := make(map[string]bool)
	packed := section(t, protocol, "## 3. Packed results")
	for _, m := range regexp.MustCompile(`\b(\d) ([a-z]+)\b`).FindAllStringSubmatch(packed[strings.Index(packed, "by want"):], -1) {
		numbers[m[1]+" "+m[2]] = true
	}
	var want []string
	for w := range NumWants {
		want = append(want, fmt.Sprintf("%d %v", w, w))
	}
	got := slices.DeleteFunc(slices.Collect(maps.Keys(numbers)), func(s string) bool { return !slices.Contains(want, s) })
	equal(t, "PROTOCOL.md, numbers of wants in packed results", got, want)
}
