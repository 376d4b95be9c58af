// Reading TRAWL_… variables.

package config

import (
	"fmt"
	"sort"
	"strings"
)

const envPrefix = "TRAWL_"

// loadEnv applies the environment. A variable that is empty counts as not
// given, as `TRAWL_BROKER= trawl scan` means. One that is no setting but looks
// like a misspelt one is a problem; others are only noted, because container
// systems put variables of their own under a service's name.
func (c *Config) loadEnv(env []string) Problems {
	values := map[string]string{}
	for _, e := range env {
		name, value, ok := strings.Cut(e, "=")
		if ok && value != "" && strings.HasPrefix(name, envPrefix) {
			values[name] = value
		}
	}
	var problems Problems
	for i := range keys {
		k := &keys[i]
		value, ok := values[k.Env]
		if !ok {
			continue
		}
		delete(values, k.Env)
		if err := c.Set(k.Path, value, "env "+k.Env); err != nil {
			problems = append(problems, err.(Problem))
		}
	}
	for _, name := range sortedKeys(values) {
		if meant := suggestEnv(name); meant != "" {
			problems = append(problems, Problem{"env " + name, fmt.Sprintf("unknown variable; did you mean %s?", meant)})
		} else {
			c.ignored = append(c.ignored, name)
		}
	}
	sort.Strings(c.ignored)
	return problems
}

// suggestEnv returns the variable that name is a misspelling of, or the one
// of the key that name spells out.
func suggestEnv(name string) string {
	short := strings.TrimPrefix(name, envPrefix)
	best, bestDistance := "", maxDistance(short)+1
	for i := range keys {
		k := &keys[i]
		if k.Env == "" {
			continue
		}
		if strings.EqualFold(strings.ReplaceAll(k.Path, ".", "_"), short) {
			return k.Env
		}
		if d := distance(short, strings.TrimPrefix(k.Env, envPrefix)); d < bestDistance {
			best, bestDistance = k.Env, d
		}
	}
	return best
}
