package main

import (
	"runtime"

	"github.com/spf13/cobra"

	"trawl/edge/wire"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run: func(*cobra.Command, []string) {
			a.printf("trawl %s, protocol %s, %s %s/%s\n", versionString(), wire.ProtocolVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}
