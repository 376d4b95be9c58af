// Package systemd holds the templates of trawl's units for systemd and of the property list for
// launchd, and fills them in. `trawl service install` and the packages use the results; testdata
// has all of them.
//
// The files *.in are units with @NAMES@ for the variable parts; hardening.conf goes into both.
package systemd
