// Package config is the one place where every setting of trawl is defined:
// its key, type, default, environment variable, flag and meaning.
//
// Settings come from, each overriding the one before: the defaults, the file
// (/etc/trawl/trawl.yaml, or the one named with --config), the environment
// (TRAWL_…), the command line:
//
//	c, err := config.Load(path, os.Environ())           // "" is the default file, if it exists
//	err = c.Set("worker.slots", "4", "flag --slots")    // for each flag the user gave
//	err = c.Check()                                     // ranges, endpoints, what must fit together
//	broker.Listen(c.Broker.Clients, …)
//
// The table in keys.go is the only list of keys: reading files, the
// environment, `config show`, the reference page and the help texts of flags
// are made from it. To add a setting, add a field and its line in that table.
//
// Errors of Load and Check name every problem at once, each with the place it
// comes from (file and line, variable, flag); they are of type Problems.
//
// A Config is not safe for concurrent use while it is being changed.
package config
