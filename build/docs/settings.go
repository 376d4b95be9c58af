package main

// trawl.yaml(5), from the table of settings.

import (
	"strings"

	"trawl/edge/config"
)

func settingsPage(e *edition) string {
	p := newPage("trawl.yaml", 5, "settings of trawl", e)
	p.section("Synopsis")
	p.line(italic(config.DefaultPath))
	p.section("Description")
	for i, paragraph := range strings.Split(config.Introduction, "\n\n") {
		if i > 0 {
			p.WriteString(".PP\n")
		}
		for l := range strings.Lines(paragraph) {
			p.line(marked(strings.TrimSuffix(l, "\n")))
		}
	}
	last := ""
	for _, k := range config.Keys() {
		if name, _, _ := strings.Cut(k.Path, "."); name != last {
			p.section(name)
			last = name
		}
		p.item(bold(k.Path)+" ("+roff(k.Type())+")", marked(k.Usage()), elsewhere(&k))
	}
	p.section("Example")
	p.literal(strings.Split(`  broker:
    clients: ["tcp://*:5555"]
    workers: ["tcp://*:5556"]
  security:
    key: broker.key
    allowed_keys: allowed.keys
  limits: {text: 4MiB}`, "\n"))
	p.section("See also")
	p.line(`\fBtrawl\fR(1), \fBtrawl\-config\fR(1), \fBtrawl\-broker\fR(1), \fBtrawl\-worker\fR(1)`)
	return p.String()
}

// elsewhere says what else sets k, and its default.
func elsewhere(k *config.Key) string {
	var parts []string
	if k.Default != "" {
		parts = append(parts, "Default "+bold(k.Default))
	} else {
		parts = append(parts, "No default")
	}
	if k.Env != "" {
		parts = append(parts, "variable "+bold(k.Env))
	}
	if k.Flag != "" {
		parts = append(parts, "flag "+bold("--"+k.Flag))
	}
	return strings.Join(parts, "; ") + "."
}
