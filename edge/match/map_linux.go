package match

import "golang.org/x/sys/unix"

// mapFlags: the whole file is checked at once, so all pages are fetched at once.
const mapFlags = unix.MAP_POPULATE
