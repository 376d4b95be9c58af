// A network in a box: "boards" that are network namespaces, each with an address
// of its own, on a bridge that lives in a namespace too. Nothing of it reaches the
// machine's network. Faults are packet filters (nft), a rate (tc tbf), and links
// that go down; none needs the kernel's netem.

package test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// network is a bridge and its boards.
type network struct {
	prefix string         // of the names of its namespaces: unique in the machine
	addr   map[string]int // last byte of a board's address
}

const subnet = "10.77.0."

var networks atomic.Int64

// newNetwork makes a network of boards with these names, at most 7 characters
// long. It is removed when the test has ended, whatever has become of it.
func newNetwork(t *testing.T, boards ...string) *network {
	t.Helper()
	need(t, "iproute2", "nftables", "network namespaces (as root)")
	removeStaleNetworks()
	n := &network{prefix: fmt.Sprintf("trawl-%d-%d-", os.Getpid(), networks.Add(1)), addr: make(map[string]int)}
	t.Cleanup(func() { removeNetworks(n.prefix) })
	n.ip(t, "netns", "add", n.ns("bridge"))
	n.ip(t, "-n", n.ns("bridge"), "link", "add", "name", "br0", "type", "bridge", "mcast_snooping", "0")
	n.ip(t, "-n", n.ns("bridge"), "link", "set", "br0", "up")
	for i, board := range boards {
		n.addr[board] = i + 1
		ns, bridge := n.ns(board), n.ns("bridge")
		n.ip(t, "netns", "add", ns)
		n.ip(t, "-n", bridge, "link", "add", "name", "p-"+board, "type", "veth", "peer", "name", "eth0", "netns", ns)
		n.ip(t, "-n", bridge, "link", "set", "p-"+board, "master", "br0", "up")
		n.ip(t, "-n", ns, "link", "set", "lo", "up")
		n.ip(t, "-n", ns, "addr", "add", n.address(board)+"/24", "dev", "eth0")
		n.ip(t, "-n", ns, "link", "set", "eth0", "up")
	}
	return n
}

func (n *network) ns(board string) string      { return n.prefix + board }
func (n *network) address(board string) string { return subnet + strconv.Itoa(n.addr[board]) }

// at is the command line prefix that runs something on a board. (It execs: the
// process is the command's own.)
func (n *network) at(board string) []string { return []string{"ip", "netns", "exec", n.ns(board)} }

func (n *network) ip(t *testing.T, args ...string) {
	t.Helper()
	n.run(t, "", "ip", args...)
}

func (n *network) run(t *testing.T, stdin, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
}

// filter drops what comes in at a board, or goes out, by nft rules in place of
// those that were there. What a board sends to itself is never dropped.
func (n *network) filter(t *testing.T, board, in, out string) {
	t.Helper()
	rules := fmt.Sprintf(`add table inet faults
delete table inet faults
table inet faults {
	chain in { type filter hook input priority 0; iifname "eth0" %s; }
	chain out { type filter hook output priority 0; oifname "eth0" %s; }
}
`, in, out)
	n.run(t, rules, "ip", append(n.at(board)[1:], "nft", "-f", "-")...)
}

// lose drops a share of the packets that come in at a board.
func (n *network) lose(t *testing.T, board string, percent int) {
	t.Helper()
	n.filter(t, board, fmt.Sprintf("numgen random mod 100 < %d counter drop", percent), "accept")
}

// lost is how many packets lose has dropped.
func (n *network) lost(t *testing.T, board string) (packets int) {
	t.Helper()
	out, err := exec.Command("ip", append(n.at(board)[1:], "nft", "list", "chain", "inet", "faults", "in")...).CombinedOutput()
	if err != nil {
		t.Fatalf("nft list: %v\n%s", err, out)
	}
	_, after, _ := strings.Cut(string(out), "counter packets ")
	if _, err := fmt.Sscan(after, &packets); err != nil {
		t.Fatalf("no counter in %s", out)
	}
	return packets
}

// part drops everything between two boards, both ways.
func (n *network) part(t *testing.T, board, other string) {
	t.Helper()
	n.filter(t, board, fmt.Sprintf("ip saddr %s drop", n.address(other)), fmt.Sprintf("ip daddr %s drop", n.address(other)))
}

// swallow makes a board a black hole: nobody is refused, nobody gets an answer.
func (n *network) swallow(t *testing.T, board string) {
	t.Helper()
	n.filter(t, board, "drop", "drop")
}

// rate bounds what leaves a board, as "2mbit".
func (n *network) rate(t *testing.T, board, rate string) {
	t.Helper()
	n.run(t, "", "tc", "-n", n.ns(board), "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", rate, "burst", "16kb", "latency", "400ms")
}

// heal takes back what filter and rate have done.
func (n *network) heal(t *testing.T, board string) {
	t.Helper()
	n.filter(t, board, "accept", "accept")
	_ = exec.Command("tc", "-n", n.ns(board), "qdisc", "del", "dev", "eth0", "root").Run() // there may be none
}

// cable pulls a board's cable out of the bridge ("down"), or puts it back ("up").
func (n *network) cable(t *testing.T, board, state string) {
	t.Helper()
	n.ip(t, "-n", n.ns("bridge"), "link", "set", "p-"+board, state)
}

// removeNetworks removes the namespaces whose name begins so. Those who still run
// in one keep it, nameless, until they end.
func removeNetworks(prefix string) {
	for _, ns := range namespaces() {
		if strings.HasPrefix(ns, prefix) {
			_ = exec.Command("ip", "netns", "del", ns).Run()
		}
	}
}

// removeStaleNetworks removes those of tests that were killed.
func removeStaleNetworks() {
	for _, ns := range namespaces() {
		pid := 0
		if _, err := fmt.Sscanf(ns, "trawl-%d-", &pid); err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			_ = exec.Command("ip", "netns", "del", ns).Run()
		}
	}
}

func namespaces() []string {
	out, _ := exec.Command("ip", "netns", "list").Output()
	var names []string
	for line := range strings.Lines(string(out)) {
		if name := strings.Fields(line); len(name) > 0 {
			names = append(names, name[0])
		}
	}
	return names
}

// fleet is one whose broker is, or will be, on a board of the network.
func (n *network) fleet(t *testing.T, broker, settings string) *fleet {
	t.Helper()
	f := newFleet(t, settings)
	f.clients, f.workers = "tcp://"+n.address(broker)+":5555", "tcp://"+n.address(broker)+":5556"
	f.prefix = n.at(broker) // also asked about its status from there: faults do not hide it
	return f
}

// on returns f for commands that run on another board.
func (f *fleet) on(n *network, board string) *fleet {
	g := *f
	g.prefix = n.at(board)
	return &g
}
