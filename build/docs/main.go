// Command docs makes the manual from what the program says of itself: man pages
// from its commands and their flags, trawl.yaml(5) and docs/configuration.md from
// the one table of settings.
//
//	go run ./build/docs                                          docs/configuration.md
//	go run ./build/docs -trawl bin/trawl -man DIR -version V     and man pages
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"trawl/edge/config"
)

func main() {
	trawl := flag.String("trawl", "bin/trawl", "the program, built for this machine")
	man := flag.String("man", "", "folder for the man pages")
	version := flag.String("version", "devel", "version that the man pages name")
	epoch := flag.Int64("epoch", 0, "date of the man pages, in seconds since 1970")
	reference := flag.String("reference", "docs/configuration.md", "the reference of settings; empty: none")
	flag.Parse()
	if err := run(*trawl, *man, *reference, &edition{*version, time.Unix(*epoch, 0).UTC()}); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

// edition is what the pages say of themselves.
type edition struct {
	version string
	date    time.Time
}

func run(trawl, man, reference string, e *edition) error {
	if reference != "" {
		var b bytes.Buffer
		if err := config.Reference(&b); err != nil {
			return err
		}
		if err := os.WriteFile(reference, b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	if man == "" {
		return nil
	}
	tree, err := exec.Command(trawl, "describe").Output()
	if err != nil {
		return fmt.Errorf("%s describe: %w; build it first: make build", trawl, err)
	}
	root := &command{}
	if err := json.Unmarshal(tree, root); err != nil {
		return fmt.Errorf("%s describe: %w", trawl, err)
	}
	pages := commandPages(root, e)
	pages["trawl.yaml.5"] = settingsPage(e)
	if err := os.MkdirAll(man, 0o755); err != nil {
		return err
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(man, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
