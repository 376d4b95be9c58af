package config

// `trawl config show`, and the reference page.

import (
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Show writes all keys with their values as a configuration file, with the origin of each value as
// a comment. Load reads the output again.
func (c *Config) Show(w io.Writer) error {
	root := &yaml.Node{Kind: yaml.MappingNode}
	sections := map[string]*yaml.Node{"": root}
	for i := range keys {
		k := &keys[i]
		parent, name := splitPath(k.Path)
		value := k.value(c).node()
		value.LineComment = c.origin(k.Path)
		n := section(sections, parent)
		n.Content = append(n.Content, plainNode(name), value)
	}
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return fmt.Errorf("config: show: %w", err)
	}
	return enc.Close()
}

// section returns the mapping at path, and makes missing ones.
func section(sections map[string]*yaml.Node, path string) *yaml.Node {
	if n := sections[path]; n != nil {
		return n
	}
	parent, name := splitPath(path)
	above := section(sections, parent)
	n := &yaml.Node{Kind: yaml.MappingNode}
	above.Content = append(above.Content, plainNode(name), n)
	sections[path] = n
	return n
}

// Reference writes the page about all keys, in Markdown.
func Reference(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Configuration\n\n" + Introduction)
	last := ""
	for i := range keys {
		k := &keys[i]
		if name, _, _ := strings.Cut(k.Path, "."); name != last {
			fmt.Fprintf(&b, "\n## %s\n\n| key | type | default | environment | flag | meaning |\n|---|---|---|---|---|---|\n", name)
			last = name
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", k.Path, k.Type(),
			code(k.Default), code(k.Env), code(dashed(k.Flag)), k.Usage())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Introduction explains settings at the beginning of a reference. `code` is marked as in Markdown.
var Introduction = "Settings come from the defaults below, then `" + DefaultPath + "` (or the file given with `--config`),\n" +
	"then the environment, then flags; each overrides the one before. `trawl config show` prints every\n" +
	"setting with its value and where that came from, `trawl config check` says what is wrong.\n\n" +
	"In the file a key such as `broker.clients` is `clients` in the section `broker`. Sizes are written like `16MiB`\n" +
	"or `8MB`, times like `500ms`, `10s` or `2m`. A list is `[a, b]` in the file and `a,b` elsewhere; a flag given twice adds to it.\n" +
	"An empty variable counts as not given. An unknown key is an error.\n"

// Usage returns the key's meaning with choices or range, for the reference and the help of the
// flag.
func (k *Key) Usage() string {
	var limits string
	switch {
	case len(k.Choices) > 0:
		limits = " One of " + strings.Join(k.Choices, ", ") + "."
	case k.Min != "" && k.Max != "":
		limits = fmt.Sprintf(" From %s to %s.", k.Min, k.Max)
	}
	return k.Doc + limits
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

func dashed(flag string) string {
	if flag == "" {
		return ""
	}
	return "--" + flag
}
