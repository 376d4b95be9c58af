package config

// Sizes in bytes, with units.

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes.
type Size int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
	{"GB", 1e9},
	{"MB", 1e6},
	{"kB", 1e3},
	{"B", 1},
}

// ParseSize reads a whole number of bytes with an optional unit: B, kB, MB,
// GB (powers of 1000) or KiB, MiB, GiB (powers of 1024), in any letter case.
func ParseSize(s string) (Size, error) {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	unit := strings.TrimSpace(s[len(digits):])
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a size; write one like 16MiB, 8MB or 65536", s)
	}
	if unit == "" {
		return Size(n), nil
	}
	for _, u := range sizeUnits {
		if !strings.EqualFold(unit, u.name) {
			continue
		}
		if n > math.MaxInt64/u.bytes {
			return 0, fmt.Errorf("size %s is too large", s)
		}
		return Size(n * u.bytes), nil
	}
	return 0, fmt.Errorf("%q is not a unit of size; write B, kB, MB, GB, KiB, MiB or GiB", unit)
}

// String writes s in the largest unit that divides s, in the form of ParseSize.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && u.bytes > 1 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}
