// Package service makes a broker or a worker a service of the system, so that it
// starts with the board and is started again if it dies.
//
//	s, err := service.Open(service.Options{Role: "worker", Config: "/etc/trawl/trawl.yaml"})
//	err = s.Install(say)  // writes the unit, if it has changed; idempotent
//	err = s.Start()
//
// github.com/kardianos/service finds out which service manager there is, and
// controls it. Units of systemd and property lists of launchd are rendered (package
// systemd) and written here, since its own are written in place, cannot be shown
// before, harden nothing and wait two minutes before a restart; on OpenRC, SysV and
// the others its own scripts are installed. Whatever happens while installing, what
// is left is a service that works, or what was there before.
package service
