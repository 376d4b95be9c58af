package config

// Reading TRAWL_… variables.

import (
	"sort"
	"strings"

	"trawl/edge/problem"
)

const envPrefix = "TRAWL_"

// loadEnv applies the environment. An empty variable counts as not given, as in `TRAWL_BROKER=
// trawl scan`. A variable that looks like a misspelt setting is a problem; other unknown variables
// are only noted, because container systems make variables with a service's name.
func (c *Config) loadEnv(env []string, problems *problem.Collector) {
	values := map[string]string{}
	for _, e := range env {
		name, value, ok := strings.Cut(e, "=")
		if ok && value != "" && strings.HasPrefix(name, envPrefix) {
			values[name] = value
		}
	}
	for i := range keys {
		k := &keys[i]
		value, ok := values[k.Env]
		if !ok {
			continue
		}
		delete(values, k.Env)
		if err := c.Set(k.Path, value, "env "+k.Env); err != nil {
			problems.Append(err.(problem.Problem))
		}
	}
	for _, name := range sortedKeys(values) {
		if meant := suggestEnv(name); meant != "" {
			problems.Add("env "+name, 0, "unknown variable; did you mean %s?", meant)
		} else {
			c.ignored = append(c.ignored, name)
		}
	}
	sort.Strings(c.ignored)
}

// suggestEnv returns the variable that name is a misspelling of, or the variable of the key that
// name spells out.
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
