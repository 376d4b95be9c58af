// Command dist makes what is released out of the programs that make cross has
// built: Debian packages, a list of parts (SBOM) for each program, the licences of
// those parts, and checksums.
//
//	go run ./build/dist -version V -epoch SECONDS -man DIR dist
//
// The same programs, version and epoch give the same bytes.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// release is what all files have in common.
type release struct {
	dir        string // with the programs, and for what is made
	version    string // as the program says it
	maintainer string
	date       time.Time // of everything in archives
	man        string    // folder with the man pages
	trawl      string    // the program, built for this machine, for the shells' completions
}

func main() {
	r := &release{}
	epoch := flag.Int64("epoch", 0, "date of all that is made, in seconds since 1970: that of the commit")
	flag.StringVar(&r.version, "version", "", "version, as git describe has it")
	flag.StringVar(&r.maintainer, "maintainer", "", "who is responsible for the packages: NAME <ADDRESS>")
	flag.StringVar(&r.man, "man", "", "folder with the man pages")
	flag.StringVar(&r.trawl, "trawl", "bin/trawl", "the program, built for this machine")
	flag.Parse()
	r.date = time.Unix(*epoch, 0).UTC()
	r.dir = flag.Arg(0)
	if flag.NArg() != 1 || r.version == "" || r.maintainer == "" {
		fmt.Fprintln(os.Stderr, "dist: name the folder, -version and -maintainer; make dist does")
		os.Exit(2)
	}
	if err := r.make(); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func (r *release) make() error {
	programs, err := filepath.Glob(filepath.Join(r.dir, "trawl-*-*"))
	if err != nil {
		return err
	}
	var made []string
	for _, program := range programs {
		if strings.Contains(filepath.Base(program), ".") {
			continue // of a release before
		}
		t, err := readTarget(program)
		if err != nil {
			return err
		}
		files := map[string][]byte{program + ".cdx.json": bom(t, r)}
		if t.debian != "" {
			name := fmt.Sprintf("trawl_%s_%s.deb", debianVersion(r.version, r.date), t.debian)
			if files[filepath.Join(r.dir, name)], err = r.debianPackage(t); err != nil {
				return err
			}
		}
		made = append(made, program)
		for name, b := range files {
			if err := os.WriteFile(name, b, 0o644); err != nil {
				return err
			}
			made = append(made, name)
		}
	}
	if len(made) == 0 {
		return fmt.Errorf("no programs in %s: make cross builds them", r.dir)
	}
	licences, err := licences(programs)
	if err != nil {
		return err
	}
	path := filepath.Join(r.dir, "LICENSES.txt")
	if err := os.WriteFile(path, licences, 0o644); err != nil {
		return err
	}
	return writeSums(r.dir, append(made, path))
}
