// Package systemd holds the templates of trawl's units for systemd and of its
// property list for launchd, and fills them in. What comes out is what `trawl
// service install` writes and what the packages contain; testdata has all of it.
//
// The files *.in are the units as they are, with @NAMES@ in the places that
// differ; hardening.conf goes into both.
package systemd
