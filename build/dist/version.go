package main

// Versions: from git describe to Debian's.

import (
	"regexp"
	"strings"
	"time"
)

var (
	// described is TAG, or TAG-COMMITS-gHASH where commits came after the tag;
	// TAG is a semantic version.
	described = regexp.MustCompile(`^v?(\d+\.\d+\.\d+)(?:-([0-9A-Za-z.]*[A-Za-z][0-9A-Za-z.]*))??(?:-(\d+)-(g[0-9a-f]+))?$`)
	unlawful  = regexp.MustCompile(`[^0-9A-Za-z.+~]+`)
)

// debianVersion makes a version that Debian takes (deb-version(7)), and that sorts as
// it should: 1.2.0~rc.1 < 1.2.0 < 1.2.0+3.gabc < 1.2.1. What has no version yet is
// older than all that have one, and known by its date.
func debianVersion(version string, date time.Time) string {
	version, dirty := strings.CutSuffix(version, "-dirty")
	var v string
	if m := described.FindStringSubmatch(version); m != nil {
		v = m[1]
		if m[2] != "" {
			v += "~" + m[2]
		}
		if m[3] != "" {
			v += "+" + m[3] + "." + m[4]
		}
	} else {
		v = "0~git" + date.Format("20060102.150405") + "." + unlawful.ReplaceAllString(version, ".")
	}
	if dirty {
		v += "+dirty"
	}
	return v
}
