package fail2ban

import (
	"fmt"
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
)

// Values and includes with circular references end with a reason.
func TestFail2banRecursion(t *testing.T) {
	deep := importertest.MemFiles{}
	for i := range 40 {
		deep[fmt.Sprintf("d%d", i)] = fmt.Appendf(nil, "[INCLUDES]\nbefore = d%d\n[Definition]\nfailregex = x\n", i+1)
	}
	wide := importertest.MemFiles{"w": []byte("[INCLUDES]\nbefore = a\n b\n")}
	for i, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		next := string(rune('b' + i))
		wide[name] = fmt.Appendf(nil, "[INCLUDES]\nbefore = %s\nafter = %s\n", next, next)
	}
	bomb := "[Definition]\na0 = xxxxxxxxxx\n"
	for i := range 18 {
		bomb += fmt.Sprintf("a%d = %%(a%d)s%%(a%d)s%%(a%d)s%%(a%d)s\n", i+1, i, i, i, i)
	}
	tags := "[Definition]\nfailregex = <t0>\n"
	for i := range 200 {
		tags += fmt.Sprintf("t%d = <t%d><t%d>\n", i, i+1, i+1)
	}
	for _, tt := range []struct {
		name  string
		files importertest.MemFiles
		path  string
		want  string
	}{
		{"itself", importertest.MemFiles{"f": []byte("[INCLUDES]\nbefore = f\n[Definition]\nfailregex = abc\n")}, "f", ""},
		{"each other", importertest.MemFiles{"f": []byte("[INCLUDES]\nbefore = g\n[Definition]\nfailregex = abc\n"), "g": []byte("[INCLUDES]\nafter = f\n")}, "f", ""},
		{"deep", deep, "d0", "includes more than 16 levels deep"},
		{"wide", wide, "w", "more than 200 files are included"},
		{"values", importertest.MemFiles{"f": []byte("[Definition]\na = %(b)s\nb = %(a)s\nfailregex = %(a)s\n")}, "f", errExpanded.Error()},
		{"bomb", importertest.MemFiles{"f": []byte(bomb + "failregex = %(a18)s\n")}, "f", errExpanded.Error()},
		{"tag itself", importertest.MemFiles{"f": []byte("[Definition]\nt = <t>x\nfailregex = <t>\n")}, "f", errExpanded.Error()},
		{"tags", importertest.MemFiles{"f": []byte(tags)}, "f", errExpanded.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := importertest.Run(&Kind, tt.files, tt.path)
			got := fmt.Sprint(err)
			if err == nil {
				importertest.Check(t, r)
				got = r.Summary.Text(true)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
