package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"trawl/edge/config"
	"trawl/edge/service"
	"trawl/edge/zmtp"
)

// checkHere holds a configuration against this board: the files that it names for the
// roles that it is meant for, the hosts to listen on, and what the users of services
// that have this file can do. unseen is why some files were not looked at; nil: all were.
func checkHere(path string, c *config.Config) (unseen, err error) {
	var problems []error
	for _, role := range []string{"broker", "worker"} {
		if !isMeant(c, role) {
			continue
		}
		switch _, err := serviceFiles(c, role); {
		case errors.Is(err, fs.ErrPermission): // services may read more than we
			unseen = err
		case err != nil:
			problems = append(problems, err)
		}
	}
	if c.IsSet("broker.clients") || c.IsSet("broker.workers") || len(c.Broker.Plain) > 0 {
		problems = append(problems, checkHosts(c)...)
	}
	for _, err := range watchProblems(c) {
		if errors.Is(err, fs.ErrPermission) {
			unseen = err
			continue
		}
		problems = append(problems, err)
	}
	used := absolute(configName(path))
	for _, s := range service.Installed() {
		if st, err := s.Status(); err == nil && absolute(configName(st.Config)) == used {
			problems = append(problems, serviceProblems(s, &st)...)
		}
	}
	return unseen, errors.Join(unique(problems)...)
}

// checkHosts reports hosts to listen on that this machine does not have.
func checkHosts(c *config.Config) (problems []error) {
	endpoints := slices.Concat(c.Broker.Clients, c.Broker.Workers)
	for _, p := range c.Broker.Plain {
		endpoints = append(endpoints, p.Endpoint)
	}
	for _, e := range endpoints {
		if strings.HasPrefix(e, "ipc:///run/trawl/") {
			continue // the unit makes that folder
		}
		if err := zmtp.CheckListen(e); err != nil {
			problems = append(problems, fmt.Errorf("endpoint %s: %w", e, err))
		}
	}
	return problems
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// unique drops errors whose message was there before: broker and worker name the same
// files.
func unique(errs []error) (out []error) {
	seen := make(map[string]bool)
	for _, err := range errs {
		if !seen[err.Error()] {
			seen[err.Error()] = true
			out = append(out, err)
		}
	}
	return out
}

func (a *app) configCommand() *cobra.Command {
	cmd := group(&cobra.Command{Use: "config", Short: "Check and show the configuration"})
	cmd.AddCommand(
		&cobra.Command{
			Use:   "check",
			Short: "Check the configuration file and environment: every problem, with its line",
			Long: `Check the configuration file and environment: every problem, with its line. The files
that the configuration names are read, and hosts to listen on looked up. If services are
installed here that use this file, it is also checked whether the user that each runs as
can read those files, and write its folder. With sudo that is known of all files.`,
			Args: noArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				c, err := a.settings(cmd)
				if err != nil {
					return err
				}
				for _, name := range c.Ignored() {
					a.printf("%s is no setting of trawl and is ignored; trawl config reference lists those that are\n", name)
				}
				unseen, err := checkHere(cmd.Flag("config").Value.String(), c)
				if err != nil {
					return err
				}
				if unseen != nil {
					a.printf("the configuration is good as far as it can be seen: %v; sudo trawl config check sees the rest\n", unseen)
					return nil
				}
				a.printf("the configuration is good\n")
				return nil
			},
		},
		&cobra.Command{
			Use:   "show",
			Short: "Show every setting, and where its value came from",
			Args:  noArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				c, err := a.settings(cmd)
				if err != nil {
					return err
				}
				var text bytes.Buffer
				err = c.Show(&text)
				a.printData(text.Bytes())
				return err
			},
		},
		&cobra.Command{
			Use:   "reference",
			Short: "Print the reference of all settings, as Markdown",
			Args:  noArgs,
			RunE:  func(*cobra.Command, []string) error { return config.Reference(a.out) },
		},
	)
	return cmd
}
