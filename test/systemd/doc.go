// Package systemd tests trawl as a service of a real systemd: a small Debian that
// boots as a container (systemd-nspawn), on an overlay that is thrown away. It needs
// root, systemd-nspawn (package systemd-container) and mmdebstrap, and runs with
//
//	make test-systemd
//
// The Debian is built once, which takes half a minute, and kept in the cache folder
// of the user. What happens is waited for; nothing sleeps.
package systemd
