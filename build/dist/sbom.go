package main

// The list of a program's parts, as CycloneDX 1.5 has it, from what the linker has
// written into the program itself.

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

type cyclone struct {
	Format       string             `json:"bomFormat"`
	Spec         string             `json:"specVersion"`
	Serial       string             `json:"serialNumber"`
	Version      int                `json:"version"`
	Metadata     cycloneMetadata    `json:"metadata"`
	Components   []cycloneComponent `json:"components"`
	Dependencies []cycloneDepends   `json:"dependencies"`
}

type cycloneMetadata struct {
	Timestamp string           `json:"timestamp"`
	Component cycloneComponent `json:"component"`
}

type cycloneComponent struct {
	Ref        string            `json:"bom-ref"`
	Type       string            `json:"type"`
	Name       string            `json:"name"`
	Version    string            `json:"version"`
	URL        string            `json:"purl,omitempty"`
	Properties []cycloneProperty `json:"properties,omitempty"`
}

type cycloneProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type cycloneDepends struct {
	Ref string   `json:"ref"`
	On  []string `json:"dependsOn,omitempty"`
}

// bom returns the list for a program. The linker knows modules and their versions,
// and not which needs which: all are dependencies of the program.
func bom(t *target, r *release) []byte {
	main := cycloneComponent{Ref: "trawl", Type: "application", Name: "trawl", Version: r.version}
	for _, s := range t.info.Settings {
		if strings.HasPrefix(s.Key, "GO") || s.Key == "CGO_ENABLED" || s.Key == "vcs.revision" {
			main.Properties = append(main.Properties, cycloneProperty{"go:build:" + s.Key, s.Value})
		}
	}
	list := cyclone{
		Format: "CycloneDX", Spec: "1.5", Version: 1,
		Metadata: cycloneMetadata{r.date.Format(time.RFC3339), main},
	}
	all := cycloneDepends{Ref: main.Ref}
	add := func(path, version, url string) {
		c := cycloneComponent{Ref: url, Type: "library", Name: path, Version: version, URL: url}
		list.Components = append(list.Components, c)
		list.Dependencies = append(list.Dependencies, cycloneDepends{Ref: c.Ref})
		all.On = append(all.On, c.Ref)
	}
	goVersion := strings.TrimPrefix(t.info.GoVersion, "go")
	add("std", goVersion, "pkg:golang/std@"+goVersion)
	for _, m := range t.info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		add(m.Path, m.Version, "pkg:golang/"+m.Path+"@"+m.Version)
	}
	list.Dependencies = append([]cycloneDepends{all}, list.Dependencies...)
	list.Serial = serial(t.name, r.version, fmt.Sprint(t.info))
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(&list); err != nil {
		panic(err) // only strings and lists are in it
	}
	return out.Bytes()
}

// serial makes a UUID (version 8 of RFC 9562: its own kind) that stays the same for
// the same program.
func serial(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	h[6] = h[6]&0x0f | 0x80
	h[8] = h[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
