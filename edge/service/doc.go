// Package service installs a broker or a worker as a service of the system: the service starts with
// the board, and again after a crash.
//
//	s, err := service.Open(service.Options{Role: "worker", Config: "/etc/trawl/trawl.yaml"})
//	err = s.Install(say)  // writes the unit, if it has changed; idempotent
//	err = s.Start()
//
// github.com/kardianos/service detects the service manager and controls it. This package writes
// units of systemd and property lists of launchd itself (rendered by package systemd), because
// those of the library are written in place, cannot be previewed, harden nothing and wait two
// minutes before a restart. On OpenRC, SysV and others the scripts of the library are installed. A
// failed installation restores the previous state.
//
//	options.go  Service, its options and status; the interface of service managers
//	systemd.go  launchd.go  library.go  the three kinds of service managers
//	file.go     the file of a service, replaced and restored
//	host.go     the system, replaced in tests; users and their creation
//	access.go   acl.go  access_*.go     whether a user can read a file and write a folder
//	inspect.go  installed services, and what is wrong with their files
package service
