// Package config is the one place where every setting of trawl is defined: key, type, default,
// environment variable, flag and meaning.
//
// Each source of settings overrides the sources before: the defaults, the file
// (/etc/trawl/trawl.yaml, or the file given with --config), the environment (TRAWL_…), the command
// line:
//
//	c, err := config.Load(path, os.Environ())           // "" is the default file, if it exists
//	err = c.Set("worker.slots", "4", "flag --slots")    // for each flag of the user
//	err = c.Check()                                     // ranges, endpoints, contradictions
//	broker.Listen(c.Broker.Clients, …)
//
// The path of a setting, each step in a file of its own:
//
//	keys.go       the table of all keys: the only list of settings
//	config.go     Config, its fields, Load and Set
//	file.go       trawl.yaml     → values, with their lines
//	env.go        TRAWL_…        → values
//	value.go      text and YAML  → a value of one type, and back
//	valuelist.go  escalate.go  size.go  the types with a form of their own
//	check.go      endpoint.go    what must hold for all settings together
//	suggest.go    the key that a misspelt one is meant to be
//	show.go       `trawl config show`, and the reference page
//
// To add a setting, add a field to Config and an entry to the table: reading files and the
// environment, `config show`, the reference page and the help of flags all follow the table. A new
// type of settings is a case of valueOf and a type with the methods of value.
//
// Errors of Load and Check are of type problem.List. They name all problems at once, with file and
// line, variable or flag.
//
// A Config must not be changed concurrently with other uses.
package config
