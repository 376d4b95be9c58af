// Reading trawl.yaml.

package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"trawl/edge/escape"
	"trawl/edge/files"
	keyfiles "trawl/edge/keys"
	"trawl/edge/yamlerr"
)

// maxFile is far above any real configuration; it bounds what a wrong path
// (a device, a log) can cost.
const maxFile = 1 << 20

// loadFile reads the configuration file into c; see Load.
func (c *Config) loadFile(path string) Problems {
	optional := path == ""
	if optional {
		path = DefaultPath
	}
	data, err := readFile(path)
	switch {
	case optional && errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return Problems{{path, "no such configuration file; check --config"}}
	case err != nil:
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return Problems{{path, "cannot read the configuration: " + err.Error()}}
	}
	c.hasFile = true
	problems := c.parseFile(path, data)
	c.resolvePaths(filepath.Dir(path))
	return problems
}

func readFile(path string) ([]byte, error) {
	data, err := files.ReadInput(path, maxFile)
	if errors.Is(err, files.ErrTooLarge) {
		err = fmt.Errorf("larger than %v, so it is not one", Size(maxFile))
	}
	return data, err
}

// parseFile reads YAML into c; path is what errors and origins name.
func (c *Config) parseFile(path string, data []byte) Problems {
	r := fileReader{config: c, path: path}
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil // nothing but comments
	case err != nil:
		if other := mistaken(string(data), nil); other != "" {
			return Problems{{path, other}}
		}
		return Problems{r.syntax(err, data)}
	}
	if dec.Decode(&more) == nil {
		r.problem(more.Line, "a second YAML document (after ---); put everything into one")
	}
	if other := mistaken(string(data), doc.Content[0]); other != "" {
		r.problem(doc.Content[0].Line, "%s", other)
		return r.problems
	}
	r.section("", doc.Content[0])
	return r.problems
}

// mistaken says what a file is that was named in place of a configuration, and where it
// belongs; empty: nothing else is known. root is nil if the file is no YAML.
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

// resolvePaths makes relative paths start at the file's folder: a service
// runs in another one.
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

// isKey reports whether s has the length of a key in Z85, which no sensible
// path has.
func isKey(s string) bool { return len(s) == 40 }

// fileReader walks the document and collects what is wrong with it.
type fileReader struct {
	config   *Config
	path     string
	problems Problems
}

func (r *fileReader) origin(line int) string { return r.path + ":" + strconv.Itoa(line) }

func (r *fileReader) problem(line int, format string, args ...any) {
	r.problems = append(r.problems, Problem{r.origin(line), escape.Sprintf(format, args...)})
}

// syntax turns an error of the YAML library into a problem with its line.
func (r *fileReader) syntax(err error, data []byte) Problem {
	line, message := yamlerr.Explain(err, data)
	return Problem{r.origin(line), "not valid YAML: " + message}
}

// section reads the keys below path ("" is the whole document).
func (r *fileReader) section(path string, n *yaml.Node) {
	if isNull(n) {
		return // a section whose keys are all commented out
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

// fields calls each for the fields of a mapping; repeated ones are a problem.
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

// key reads the value of one key.
func (r *fileReader) key(k *Key, n *yaml.Node) {
	dst := k.at(r.config)
	clearList(dst)
	before := len(r.problems)
	switch v := dst.(type) {
	case *[]string:
		*v = r.list(k.Path, n)
	case *ruleFiles:
		*v = r.ruleFiles(k.Path, n)
	case *[]Plain:
		*v = r.plain(k.Path, n)
	case *[]Escalation:
		*v = r.escalations(k.Path, n)
	case *[]WatchSource:
		*v = r.watchSources(k.Path, n)
	case *[]WatchSink:
		*v = r.watchSinks(k.Path, n)
	case *map[string]RuleSet:
		*v = r.ruleSets(k.Path, n)
	default:
		r.scalar(k.Path, n, dst)
	}
	if len(r.problems) == before {
		r.config.origins[k.Path] = r.origin(n.Line)
	}
}

func (r *fileReader) scalar(path string, n *yaml.Node, dst any) {
	switch {
	case isNull(n):
		r.problem(n.Line, "%s: has no value; give it one (%s) or remove the line", path, typeName(dst))
	case n.Kind != yaml.ScalarNode:
		r.problem(n.Line, "%s: must be a single value (%s)", path, typeName(dst))
	default:
		if err := setText(dst, n.Value); err != nil {
			r.problem(n.Line, "%s: %v", path, err)
		}
	}
}

// list reads a sequence of texts, or a single text separated by commas.
func (r *fileReader) list(path string, n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode && !isNull(n) {
		return splitList(n.Value)
	}
	if n.Kind != yaml.SequenceNode {
		r.problem(n.Line, "%s: must be a list, as in [a, b]", path)
		return nil
	}
	var list []string
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode || isNull(item) || item.Value == "" {
			r.problem(item.Line, "%s: every item of the list must be a text", path)
			continue
		}
		list = append(list, item.Value)
	}
	return list
}

func (r *fileReader) ruleFiles(path string, n *yaml.Node) ruleFiles {
	files := ruleFiles{}
	if n.Kind == yaml.ScalarNode && !isNull(n) {
		if err := addRuleFiles(&files, n.Value); err != nil {
			r.problem(n.Line, "%s: %v", path, err)
		}
		return files
	}
	if n.Kind != yaml.MappingNode {
		r.problem(n.Line, "%s: must be names with their files, as in {default: [words.txt]}", path)
		return nil
	}
	r.fields(n, func(name, value *yaml.Node) {
		list := r.list(path+"."+name.Value, value)
		if len(list) > 0 {
			files[name.Value] = list
		} else if value.Kind != yaml.SequenceNode || len(value.Content) == 0 {
			r.problem(value.Line, "%s.%s: has no file", path, name.Value)
		}
	})
	return files
}

func (r *fileReader) plain(path string, n *yaml.Node) []Plain {
	if n.Kind != yaml.SequenceNode {
		r.problem(n.Line, "%s: must be a list, as in [{endpoint: tcp://127.0.0.1:5557, rules: NAME}]", path)
		return nil
	}
	var list []Plain
	for _, item := range n.Content {
		var p Plain
		r.record(path, item, map[string]any{"endpoint": &p.Endpoint, "rules": &p.Rules})
		if p.Endpoint == "" || p.Rules == "" {
			r.problem(item.Line, "%s: each item needs an endpoint and rules, as in {endpoint: tcp://127.0.0.1:5557, rules: NAME}", path)
		}
		list = append(list, p)
	}
	return list
}

func (r *fileReader) ruleSets(path string, n *yaml.Node) map[string]RuleSet {
	if n.Kind != yaml.MappingNode {
		r.problem(n.Line, "%s: must be names with their settings, as in {pii: {queue: 100}}", path)
		return nil
	}
	sets := map[string]RuleSet{}
	r.fields(n, func(name, value *yaml.Node) {
		set := RuleSet{Pure: true}
		r.record(path+"."+name.Value, value, map[string]any{"pure": &set.Pure, "queue": &set.Queue, "hedge": &set.Hedge})
		sets[name.Value] = set
	})
	return sets
}

// record reads a mapping with the given fields and no others.
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
		r.scalar(path+"."+name.Value, value, dst)
	})
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }
