package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"trawl/edge/wire"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		Run:   func(*cobra.Command, []string) { a.printf("trawl version %s\n", versionDetails()) },
	}
}

// versionDetails is what --version says behind "trawl version".
func versionDetails() string {
	return fmt.Sprintf("%s, protocol %s, %s %s/%s", versionString(), wire.ProtocolVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
