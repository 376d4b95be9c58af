package systemd

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// doctorSays runs trawl doctor, which has to find something at fault, and returns what
// it says.
func (m *machine) doctorSays(args ...string) string {
	m.t.Helper()
	out, err := m.run(append([]string{"trawl", "doctor"}, args...)...)
	if err == nil {
		m.t.Errorf("doctor found nothing at fault:\n%s", out)
	}
	return out
}

func (m *machine) wantSays(what, out string, says ...string) {
	m.t.Helper()
	for _, s := range says {
		if !strings.Contains(out, s) {
			m.t.Errorf("%s does not say %q:\n%s", what, s, out)
		}
	}
}

// A key that was copied as root: the service loops, and whoever asks is told why, also
// as root, who can read the key. Starts become rarer; one by hand is tried at once.
func TestKeyThatTheServiceCannotRead(t *testing.T) {
	m := boot(t)
	m.configure()
	m.must("trawl", "service", "install", "broker", "--now")
	m.sh(`cd /etc/trawl && trawl keygen broker && echo "$(cat broker.pub) admin" >allowed.keys
printf 'security: {key: broker.key, allowed_keys: allowed.keys, server_key: broker.pub}\n' >>trawl.yaml`)
	const advice = "chown trawl /etc/trawl/broker.key"
	m.fails(advice, "trawl", "config", "check")
	m.fails("journalctl -u trawl-broker", "trawl", "service", "restart", "broker")
	m.eventually("it waits for longer", func() bool {
		return strings.Contains(m.show(broker, "StatusText"), "the next one in 4s")
	})
	out, _ := m.run("trawl", "service", "status", "broker")
	m.wantSays("service status", out, "trawl-broker: failing", "permission denied", advice)
	m.wantSays("doctor", m.doctorSays(), "trawl-broker fails: ", "permission denied", advice)
	if n, _ := strconv.Atoi(m.show(broker, "NRestarts")); n > 5 {
		t.Errorf("%d restarts with a wait of 4 s", n)
	}

	// By hand it is tried at once, and stopped at once.
	start := time.Now()
	if out, err := m.run("systemctl", "restart", broker); err == nil {
		t.Errorf("it was restarted: %s", out)
	}
	m.eventually("it waits again", func() bool { return strings.Contains(m.show(broker, "StatusText"), "the next one in 8s") })
	m.must("systemctl", "stop", broker)
	t.Logf("restarted, until it waited 8 s, and stopped: %v", time.Since(start).Round(time.Millisecond))
	if state := m.show(broker, "ActiveState"); state != "inactive" {
		t.Errorf("after stop it is %s", state)
	}

	m.must("chown", "trawl", "/etc/trawl/broker.key")
	m.must("trawl", "config", "check")
	m.must("trawl", "service", "start", "broker")
	m.must("trawl", "doctor")
}

// Two boards have one name, and a worker has no key: its service runs, and says that
// it is refused.
func TestRefusedWorkerSaysSo(t *testing.T) {
	m := boot(t)
	m.install()
	m.must("systemctl", "stop", worker)
	m.sh("systemd-run --unit=other trawl worker --config /dev/null --rules /etc/trawl/words.txt --state-dir /root/state --name $(hostname)")
	m.eventually("the other one is there", func() bool {
		out, _ := m.run("trawl", "workers")
		return strings.Contains(out, "ready")
	})
	m.must("systemctl", "start", worker)
	m.eventually("it says that it is refused", func() bool {
		out, _ := m.run("trawl", "service", "status", "worker")
		return strings.Contains(out, "running, refused by the broker at tcp://127.0.0.1:5556: a worker named")
	})
	m.wantSays("doctor", m.doctorSays(), "is refused by tcp://127.0.0.1:5556", "worker.name")
	m.wantSays("status", m.must("trawl", "status"), "refused, from 127.0.0.1:", "is connected already, from ")
	if n := strings.Count(m.must("journalctl", "--no-pager", "-o", "cat", "-u", broker), "worker refused"); n != 1 {
		t.Errorf("%d lines in the broker's journal", n)
	}
	m.must("systemctl", "stop", "other")
	m.eventually("it is let in", func() bool { return m.show(worker, "StatusText") == "connected to 1 broker" })

	// Doctor leaves no line in a broker's journal.
	m.must("trawl", "doctor")
	if log := m.must("journalctl", "--no-pager", "-o", "cat", "-u", broker, "-p", "warning"); strings.Count(log, "\n")+1 != 1 {
		t.Errorf("warnings:\n%s", log)
	}

	// A folder that the unit does not open, and one in which nobody writes.
	m.sh("cp /etc/trawl/trawl.yaml /etc/trawl/good && sed -i 's#^worker:#worker:\\n  state_dir: /srv/trawl#' /etc/trawl/trawl.yaml")
	m.fails("ReadWritePaths=/srv/trawl", "trawl", "config", "check")
	m.wantSays("doctor", m.doctorSays(), "ReadWritePaths=/srv/trawl")
	m.must("mv", "/etc/trawl/good", "/etc/trawl/trawl.yaml")
}
