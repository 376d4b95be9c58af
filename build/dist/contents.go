package main

// What the Debian package contains.

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"trawl/systemd"
)

//go:embed debian
var debian embed.FS

// executable is where the package has the program.
const executable = "usr/bin/trawl"

func (r *release) debianPackage(t *target) ([]byte, error) {
	control, err := debian.ReadFile("debian/control")
	if err != nil {
		return nil, err
	}
	text := strings.NewReplacer(
		"@VERSION@", debianVersion(r.version, r.date),
		"@ARCHITECTURE@", t.debian,
		"@MAINTAINER@", r.maintainer,
	).Replace(string(control))
	var scripts []file
	for _, name := range []string{"postinst", "prerm", "postrm"} {
		b, err := debian.ReadFile("debian/" + name)
		if err != nil {
			return nil, err
		}
		scripts = append(scripts, file{name, 0o755, b})
	}
	files, err := r.contents(t)
	if err != nil {
		return nil, err
	}
	return debArchive(text, scripts, files, r.date)
}

// contents returns the files of the package.
func (r *release) contents(t *target) ([]file, error) {
	c := &collection{}
	c.disk(executable, 0o755, t.path)
	c.embedded("usr/share/trawl/trawl.yaml", "trawl.yaml") // postinst copies it to /etc/trawl
	for _, role := range []string{"broker", "worker", "watch"} {
		u := &systemd.Unit{Role: role, Executable: "/" + executable, User: systemd.User, Packaged: true}
		c.add("usr/lib/systemd/system/"+u.Name()+".service", []byte(u.Systemd()))
	}
	c.add("usr/lib/sysusers.d/trawl.conf", []byte(systemd.Sysusers))
	for _, shell := range []struct{ name, path string }{
		{"bash", "usr/share/bash-completion/completions/trawl"},
		{"zsh", "usr/share/zsh/vendor-completions/_trawl"},
		{"fish", "usr/share/fish/vendor_completions.d/trawl.fish"},
	} {
		c.output(shell.path, r.trawl, "completion", shell.name)
	}
	c.manual(r.man)
	c.documentation(r, t)
	c.embedded("usr/share/lintian/overrides/trawl", "lintian-overrides")
	return c.files, c.err
}

func (c *collection) manual(dir string) {
	pages, err := filepath.Glob(filepath.Join(dir, "*.[15]"))
	if err != nil || len(pages) == 0 {
		c.fail(fmt.Errorf("no man pages in %q: build/docs makes them", dir))
		return
	}
	for _, page := range pages {
		if b := c.read(page); b != nil {
			section := strings.TrimPrefix(filepath.Ext(page), ".")
			c.add("usr/share/man/man"+section+"/"+filepath.Base(page)+".gz", gzipped(b))
		}
	}
}

func (c *collection) documentation(r *release, t *target) {
	const doc = "usr/share/doc/trawl/"
	changelog := fmt.Sprintf("trawl (%s) unstable; urgency=medium\n\n  * Version %s of trawl; what has changed is in CHANGELOG.md.gz.\n\n -- %s  %s\n",
		debianVersion(r.version, r.date), r.version, r.maintainer, r.date.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	c.add(doc+"changelog.gz", gzipped([]byte(changelog)))
	if b := c.read("CHANGELOG.md"); b != nil {
		c.add(doc+"CHANGELOG.md.gz", gzipped(b))
	}
	c.embedded(doc+"README.Debian", "README.Debian")
	head, err := debian.ReadFile("debian/copyright")
	c.fail(err)
	licences, err := licencesOf(t, true)
	c.fail(err)
	c.add(doc+"copyright", append(head, licences...))
	const examples = "docs/examples"
	c.fail(fs.WalkDir(os.DirFS(examples), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			c.disk(path.Join(doc+"examples", name), 0o644, filepath.Join(examples, name))
		}
		return err
	}))
}

// collection gathers files; the first error stays.
type collection struct {
	files []file
	err   error
}

func (c *collection) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *collection) add(name string, contents []byte) {
	c.files = append(c.files, file{name, 0o644, contents})
}

func (c *collection) read(from string) []byte {
	b, err := os.ReadFile(from)
	c.fail(err)
	return b
}

func (c *collection) disk(name string, mode int64, from string) {
	c.files = append(c.files, file{name, mode, c.read(from)})
}

func (c *collection) embedded(name, from string) {
	b, err := debian.ReadFile("debian/" + from)
	c.fail(err)
	c.add(name, b)
}

func (c *collection) output(name, program string, args ...string) {
	b, err := exec.Command(program, args...).Output()
	if err != nil {
		c.fail(fmt.Errorf("%s %s: %w; build it first: make build", program, strings.Join(args, " "), err))
	}
	c.add(name, b)
}
