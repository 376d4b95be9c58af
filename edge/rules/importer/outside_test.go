package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
)

// place writes files below dir; a text that begins with "-> " makes a symbolic link.
func place(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		if to, link := strings.CutPrefix(text, "-> "); link {
			err = os.Symlink(to, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What other people's rules name, or link to, outside of their folder does not get
// into the rules, whatever the way; what lies inside does.
func TestNothingFromOutsideOfTheFolder(t *testing.T) {
	const secret = "root-secret-line"
	crs := func(name string) string {
		return `SecRule ARGS "@pmFromFile ` + name + `" "id:1,phase:2,deny"` + "\n" + `SecRule ARGS "@rx inside" "id:2,phase:2,deny"` + "\n"
	}
	fail2ban := func(name string) string {
		return "[INCLUDES]\nbefore = " + name + "\n[Definition]\nfailregex = %(words)s\n"
	}
	for _, tt := range []struct {
		name, kind string
		files      map[string]string // below rules/
		named      string            // what is imported
		want       string            // in the summary or error
	}{
		{"crs, up", "crs", map[string]string{"m.conf": crs("../secret.txt")}, "m.conf", "outside of the folder"},
		{"crs, up and down again", "crs", map[string]string{"m.conf": crs("sub/../../secret.txt")}, "m.conf", "outside of the folder"},
		{"crs, absolute", "crs", map[string]string{"m.conf": crs("ROOT/secret.txt")}, "m.conf", "outside of the folder"},
		{"crs, link", "crs", map[string]string{"m.conf": crs("in.data"), "in.data": "-> ../secret.txt"}, "m.conf", "outside of the folder"},
		{"crs, absolute link", "crs", map[string]string{"m.conf": crs("in.data"), "in.data": "-> ROOT/secret.txt"}, "m.conf", "outside of the folder"},
		{"crs, linked folder", "crs", map[string]string{"m.conf": crs("up/secret.txt"), "up": "-> .."}, "m.conf", "outside of the folder"},
		{"crs, from a folder", "crs", map[string]string{"a/m.conf": crs("../../secret.txt")}, "", "outside of the folder"},
		{"words, link in a folder", "words", map[string]string{"w.txt": "-> ../secret.txt"}, "", "leads out of the folder of the rules"},
		{"fail2ban, up", "fail2ban", map[string]string{"f.conf": fail2ban("../secret.txt")}, "f.conf", "leads out of the folder of the rules"},
		{"fail2ban, link", "fail2ban", map[string]string{"f.conf": fail2ban("c.conf"), "c.conf": "-> ../secret.txt"}, "f.conf", "leads out of the folder of the rules"},
		{"fail2ban, linked .local", "fail2ban", map[string]string{"f.conf": fail2ban("c.conf"), "f.local": "-> ../secret.txt"}, "f.conf", "leads out of the folder of the rules"},
		{"yara, up", "yara", map[string]string{"r.yar": "include \"../secret.txt\"\nrule r { strings: $a = \"inside\" condition: $a }"}, "r.yar", ""},
		{"crs, inside", "crs", map[string]string{"a/m.conf": crs("../data/in.data"), "data/in.data": "inside\n"}, "", "2 taken"},
		{"crs, link inside", "crs", map[string]string{"m.conf": crs("in.data"), "in.data": "-> data/in.data", "data/in.data": "inside\n"}, "m.conf", "2 taken"},
		{"fail2ban, inside", "fail2ban", map[string]string{"f.conf": fail2ban("c.conf"), "c.conf": "[DEFAULT]\nwords = inside\n"}, "f.conf", "1 taken"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range tt.files {
				tt.files[name] = strings.ReplaceAll(text, "ROOT", root)
			}
			secretText := secret + "\n"
			if tt.kind == "fail2ban" {
				secretText = "[DEFAULT]\nwords = " + secret + "\n"
			}
			place(t, root, map[string]string{"secret.txt": secretText})
			place(t, filepath.Join(root, "rules"), tt.files)
			r, err := Import(tt.kind, []string{filepath.Join(root, "rules", tt.named)})
			said := fmt.Sprint(err)
			if err == nil {
				importertest.Check(t, r)
				said = r.Summary.Text(true)
				if yaml, err := r.YAML(); err != nil || strings.Contains(string(yaml), secret) || !strings.Contains(string(yaml), "inside") {
					t.Errorf("%v\n%s", err, yaml)
				}
			}
			if strings.Contains(said, secret) || !strings.Contains(said, tt.want) {
				t.Errorf("got %s, want %q", said, tt.want)
			}
		})
	}
}

// A list that is named with its whole path is inside of a folder that is not.
func TestIncludeWithWholePath(t *testing.T) {
	dir := t.TempDir()
	if strings.ContainsAny(dir, " \t") {
		t.Skip("ModSecurity has no way to name a file in a folder with blanks: ", dir)
	}
	place(t, dir, map[string]string{"m.conf": `SecRule ARGS "@pmFromFile ` + dir + `/in.data" "id:1,phase:2,deny"`, "in.data": "inside\n"})
	t.Chdir(dir)
	r, err := Import("crs", []string{"m.conf"})
	if err != nil || r.Summary.Taken != 1 {
		t.Error(err, r)
	}
}

// A pipe or a device where a list is expected is refused; nobody waits for it.
func TestIncludesAreRegularFiles(t *testing.T) {
	dir := t.TempDir()
	place(t, dir, map[string]string{
		"m.conf":     `SecRule ARGS "@pmFromFile pipe zero" "id:1,phase:2,deny"` + "\n" + `SecRule ARGS "@pmFromFile folder" "id:2,phase:2,deny"`,
		"folder/x":   "x",
		"words/a.in": "x",
	})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Skip(err)
	}
	r, err := Import("crs", []string{filepath.Join(dir, "m.conf")})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Summary.Text(true); strings.Count(got, "no regular file") != 2 {
		t.Error(got)
	}
}
