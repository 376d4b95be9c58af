package main

import (
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"trawl/edge/config"
	"trawl/edge/notify"
)

// bind gives cmd a flag for each configuration key; settings reads them.
func bind(cmd *cobra.Command, keys ...string) {
	for _, path := range keys {
		k, ok := config.Lookup(path)
		if !ok || k.Flag == "" {
			panic("no flag for the key " + path) // held by a test
		}
		s := &setting{key: k}
		cmd.Flags().Var(s, k.Flag, flagUsage(k))
		f := cmd.Flags().Lookup(k.Flag)
		f.DefValue = k.Default
		if s.Type() == "bool" {
			f.NoOptDefVal = "true"
		}
		if len(k.Choices) > 0 {
			completes(cmd, k.Flag, k.Choices...)
		}
	}
}

// flagUsage is a key's meaning as help shows it: with its variable, without
// Markdown, and with flags in place of keys.
func flagUsage(k *config.Key) string {
	usage := strings.ReplaceAll(k.Usage(), "`", "")
	usage = strings.ReplaceAll(strings.ReplaceAll(usage, "broker.insecure", "--insecure"), "security.key", "--key")
	return usage + " [" + k.Env + "]"
}

// setting is a flag that stands for a configuration key: it keeps what was
// given until the configuration is loaded.
type setting struct {
	key   *config.Key
	given []string
}

func (s *setting) String() string     { return "" }
func (s *setting) Set(v string) error { s.given = append(s.given, v); return nil }

// Type stands behind the flag's name in help.
func (s *setting) Type() string {
	switch t := s.key.Type(); t {
	case "true or false":
		return "bool" // needs no value
	case "names and files":
		return "[NAME=]FILE[,FILE]"
	default:
		return t
	}
}

// settings loads the configuration: file, environment, and cmd's flags.
func (a *app) settings(cmd *cobra.Command) (*config.Config, error) {
	c, err := config.Load(cmd.Flag("config").Value.String(), a.env)
	if err != nil {
		return nil, err
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		s, ok := f.Value.(*setting)
		if !ok {
			return
		}
		for _, v := range s.given {
			if e := c.Set(s.key.Path, v, "flag --"+f.Name); e != nil && err == nil {
				err = e
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return c, c.Check()
}

// logger makes the log that the configuration asks for, on stderr. In the
// journal, its lines have a priority, and its own time stamps are enough.
func (a *app) logger(c *config.Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Log.Level)) // checked by config
	o := slog.HandlerOptions{Level: level}
	newHandler := func(w io.Writer) slog.Handler { return newLogHandler(w, c.Log.Format, o) }
	if f, ok := a.err.(*os.File); ok && notify.UnderJournal(f, a.env) {
		o.ReplaceAttr = withoutTime
		return slog.New(notify.Journal(f, newHandler))
	}
	return slog.New(newHandler(a.err))
}

func withoutTime(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) == 0 && attr.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return attr
}

// terminal reports whether w is one that has colors and moves its cursor.
func terminal(w io.Writer) bool { return isTerminal(w) && os.Getenv("TERM") != "dumb" }

// isTerminal reports whether w is a terminal, of whatever kind.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
