package mdns

// The network interfaces by which multicast queries leave.

import (
	"cmp"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Interface is a network interface of this machine.
type Interface struct {
	Name  string
	Index int
}

// maxInterfaces is how many interfaces are asked on. A board has two or three; a machine with
// containers may have hundreds.
const maxInterfaces = 16

// sysClassNet is where Linux lists network interfaces.
const sysClassNet = "/sys/class/net"

// Interfaces returns the network interfaces that are up and take multicast packets, without
// loopback and the ports of bridges, sorted by index; at most 16. On Linux the files of sysfs are
// read, because package net needs netlink sockets and services of trawl have none.
func Interfaces() ([]Interface, error) {
	if entries, err := os.ReadDir(sysClassNet); err == nil {
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return choose(names, readInterface), nil
	}
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	const needed = net.FlagUp | net.FlagMulticast
	var names []string
	indexes := make(map[string]int)
	for _, i := range all {
		if i.Flags&needed == needed && i.Flags&net.FlagLoopback == 0 {
			names = append(names, i.Name)
			indexes[i.Name] = i.Index
		}
	}
	return choose(names, func(name string) (index int, ok bool) { return indexes[name], true }), nil
}

func choose(names []string, read func(name string) (index int, ok bool)) []Interface {
	var list []Interface
	for _, name := range names {
		if index, ok := read(name); ok {
			list = append(list, Interface{name, index})
		}
	}
	slices.SortFunc(list, func(a, b Interface) int { return cmp.Compare(a.Index, b.Index) })
	return list[:min(len(list), maxInterfaces)]
}

// Flags of an interface (linux/if.h).
const (
	flagUp        = 0x1
	flagLoopback  = 0x8
	flagMulticast = 0x1000
)

// readInterface reads the index of an interface of Linux; ok is false if queries cannot leave by it.
func readInterface(name string) (index int, ok bool) {
	folder := filepath.Join(sysClassNet, name)
	flags, err := readNumber(filepath.Join(folder, "flags"))
	if err != nil || flags&(flagUp|flagMulticast) != flagUp|flagMulticast || flags&flagLoopback != 0 {
		return 0, false
	}
	if _, err := os.Stat(filepath.Join(folder, "brport")); err == nil {
		return 0, false // the bridge itself is asked on
	}
	number, err := readNumber(filepath.Join(folder, "ifindex"))
	return int(number), err == nil && number > 0
}

// readNumber reads a file of the kernel that holds one number, with 0x in front if it is in base
// 16.
func readNumber(path string) (uint64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(b)), 0, 32)
}
