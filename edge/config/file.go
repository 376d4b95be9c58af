package config

// Reading trawl.yaml.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"trawl/edge/files"
	keyfiles "trawl/edge/keys"
	"trawl/edge/problem"
	"trawl/edge/yamlerr"
)

// maxFile is far above any real configuration. It bounds the cost of a wrong path (a device, a
// log).
const maxFile = 1 << 20

// loadFile reads the configuration file into c; see Load.
func (c *Config) loadFile(path string, problems *problem.Collector) {
	optional := path == ""
	if optional {
		path = DefaultPath
	}
	data, err := readFile(path)
	switch {
	case optional && errors.Is(err, fs.ErrNotExist):
		return
	case errors.Is(err, fs.ErrNotExist):
		problems.Add(path, 0, "no such configuration file; check --config")
		return
	case err != nil:
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		problems.Add(path, 0, "cannot read the configuration: %v", err)
		return
	}
	c.hasFile = true
	c.parseFile(path, data, problems)
	c.resolvePaths(filepath.Dir(path))
}

func readFile(path string) ([]byte, error) {
	data, err := files.ReadInput(path, maxFile)
	if errors.Is(err, files.ErrTooLarge) {
		err = fmt.Errorf("larger than %v, so it is not one", Size(maxFile))
	}
	return data, err
}

// parseFile reads YAML into c. path is the name in errors and origins.
func (c *Config) parseFile(path string, data []byte, problems *problem.Collector) {
	r := fileReader{config: c, path: path, problems: problems}
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return // nothing but comments
	case err != nil:
		if other := mistaken(string(data), nil); other != "" {
			r.problem(0, "%s", other)
			return
		}
		line, message := yamlerr.Explain(err, data)
		r.problem(line, "not valid YAML: %s", message)
		return
	}
	if dec.Decode(&more) == nil {
		r.problem(more.Line, "a second YAML document (after ---); put everything into one")
	}
	if other := mistaken(string(data), doc.Content[0]); other != "" {
		r.problem(doc.Content[0].Line, "%s", other)
		return
	}
	r.section("", doc.Content[0])
}

// mistaken returns what a file is that was named in place of a configuration, and where it belongs;
// empty: unknown. root is nil if the file is not valid YAML.
func mistaken(text string, root *yaml.Node) string {
	if root != nil && root.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(root.Content); i += 2 {
			if root.Content[i].Value == "rules" && root.Content[i+1].Kind == yaml.SequenceNode {
				return "this is a rule file and no configuration: name it in worker.rules, or give it to trawl worker --rules or trawl rules check"
			}
		}
		return ""
	}
	switch kind := keyfiles.KindOf(text); kind {
	case keyfiles.Unknown, keyfiles.Settings:
		return ""
	default:
		return fmt.Sprintf("this is %s and no configuration: keys are named in the section security, as key, server_key and allowed_keys", kind)
	}
}

// resolvePaths makes relative paths start at the file's folder, since a service runs in another
// folder.
func (c *Config) resolvePaths(dir string) {
	s := &c.Security
	for _, path := range []*string{&s.Key, &s.ServerKey, &s.AllowedKeys, &c.Worker.StateDir, &c.Watch.StateDir} {
		if *path != "" && !filepath.IsAbs(*path) && !isKey(*path) {
			*path = filepath.Join(dir, *path)
		}
	}
	for _, files := range c.Worker.Rules {
		for i := range files {
			if !filepath.IsAbs(files[i]) {
				files[i] = filepath.Join(dir, files[i])
			}
		}
	}
}

// isKey reports whether s has the length of a key in Z85, unlike any sensible path.
func isKey(s string) bool { return len(s) == 40 }

// fileReader reads the document and collects problems.
type fileReader struct {
	config   *Config
	path     string
	problems *problem.Collector
}

func (r *fileReader) origin(line int) string { return r.path + ":" + strconv.Itoa(line) }

func (r *fileReader) problem(line int, format string, args ...any) {
	r.problems.Add(r.path, line, format, args...)
}

// section reads the keys below path ("" is the whole document).
func (r *fileReader) section(path string, n *yaml.Node) {
	if isNull(n) {
		return // a section with all keys commented out
	}
	if n.Kind != yaml.MappingNode {
		if path == "" {
			r.problem(n.Line, "the configuration must consist of sections such as broker: and worker:")
		} else {
			r.problem(n.Line, "%s: must hold keys of its own, such as %s", path, firstBelow(path))
		}
		return
	}
	r.fields(n, func(name, value *yaml.Node) {
		full := name.Value
		if path != "" {
			full = path + "." + name.Value
		}
		if k, ok := Lookup(full); ok {
			r.key(k, value)
		} else if isSection(full) {
			r.section(full, value)
		} else {
			r.problem(name.Line, "%s", unknownKey(full))
		}
	})
}

// fields calls each for the fields of a mapping. Repeated fields are a problem.
func (r *fileReader) fields(n *yaml.Node, each func(name, value *yaml.Node)) {
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if name.Kind != yaml.ScalarNode {
			r.problem(name.Line, "a key must be a plain name")
			continue
		}
		if first := seen[name.Value]; first != 0 {
			r.problem(name.Line, "%q is given twice, first on line %d", name.Value, first)
			continue
		}
		seen[name.Value] = name.Line
		each(name, value)
	}
}

// key reads the value of a key.
func (r *fileReader) key(k *Key, n *yaml.Node) {
	value := k.value(r.config)
	value.clear()
	before := r.problems.Count()
	value.read(r, k.Path, n)
	if r.problems.Count() == before {
		r.config.origins[k.Path] = r.origin(n.Line)
	}
}

// record reads a mapping with exactly the given fields.
func (r *fileReader) record(path string, n *yaml.Node, fields map[string]any) {
	if n.Kind != yaml.MappingNode {
		r.problem(n.Line, "%s: must hold %s", path, strings.Join(sortedKeys(fields), " and "))
		return
	}
	r.fields(n, func(name, value *yaml.Node) {
		dst, ok := fields[name.Value]
		if !ok {
			r.problem(name.Line, "unknown key %s.%s; there are %s", path, name.Value, strings.Join(sortedKeys(fields), " and "))
			return
		}
		valueOf(dst).read(r, path+"."+name.Value, value)
	})
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }
