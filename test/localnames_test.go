package test

// Names that end in .local, which Avahi answers: through its socket, and without one by multicast.

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// avahi starts a real avahi-daemon on a board, with a /run of its own, that answers to NAME.local.
func (n *network) avahi(t *testing.T, board, name string) *process {
	t.Helper()
	config := write(t, filepath.Join(t.TempDir(), "avahi.conf"), `[server]
host-name=`+name+`
enable-dbus=no
allow-interfaces=eth0
use-ipv6=no
[publish]
publish-workstation=no
[rlimits]
`)
	const run = `mount -t tmpfs tmpfs /run && exec avahi-daemon --no-drop-root --no-chroot --no-rlimits --no-proc-title --file "$0"`
	p := start(t, "avahi of "+board, nil, append(n.at(board), "unshare", "--mount", "sh", "-c", run, config)...)
	p.waitLog(t, "Host name is "+name+".local")
	return p
}

func TestLocalNames(t *testing.T) {
	need(t, "avahi-daemon")
	t.Parallel()
	n := newNetwork(t, "broker", "w1", "client")
	f := n.fleet(t, "broker", "broker: {insecure: true}")
	f.broker(t)
	n.avahi(t, "broker", "pi1")
	named := *f
	named.clients, named.workers = "tcp://pi1.local:5555", "tcp://PI1.local.:5556"

	// A board without Avahi asks by multicast, out of the network alone.
	named.on(n, "w1").worker(t, "w1", f.history(t))
	f.waitWorkers(t, 1)

	// A board with Avahi asks at its socket: queries that are not Avahi's own do not get out.
	daemon := n.avahi(t, "client", "pc")
	n.filter(t, "client", "accept", "udp dport 5353 udp sport != 5353 drop")
	client := named
	client.prefix = []string{"nsenter", "--mount", "--net", "--target", strconv.Itoa(daemon.cmd.Process.Pid)}
	if out, stderr, code := client.run(t, "", "send", historyText); out != historyAnswer+"\n" || code != 0 {
		t.Errorf("send: exit status %d: %s%s", code, out, stderr)
	}

	// Who asks for a name that nobody has is told which.
	wrong := client
	wrong.clients = "tcp://pi9.local:5555"
	if _, stderr, code := wrong.run(t, "", "ping", "--timeout", "4s"); code == 0 || !strings.Contains(stderr, "no host of the local network answers to pi9.local") {
		t.Errorf("ping: exit status %d: %s", code, stderr)
	}
}
