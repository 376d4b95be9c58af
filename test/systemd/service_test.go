package systemd

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	broker = "trawl-broker"
	worker = "trawl-worker"
	text   = "this here is history"
)

// configure writes a configuration for both, and rules.
func (m *machine) configure() {
	m.t.Helper()
	m.sh(`mkdir -p /etc/trawl && cd /etc/trawl
printf 'his\nhe\n' >words.txt
cat >trawl.yaml <<.
broker:
  drain_timeout: 2s
  expect: {rules: [nobody]}
worker:
  rules: {default: [words.txt]}
watch:
  sources: [{file: /var/log/app.log}]
  sinks: [{file: /var/log/trawl/events.jsonl}]
.`)
}

// install installs and starts both.
func (m *machine) install() {
	m.t.Helper()
	m.configure()
	m.must("trawl", "service", "install", "broker", "--now")
	m.must("trawl", "service", "install", "worker", "--now")
	m.serves()
}

// serves asks, and has to get an answer within three seconds.
func (m *machine) serves() {
	m.t.Helper()
	m.servesWithin("3s")
}

func (m *machine) servesWithin(timeout string) {
	m.t.Helper()
	if out := m.must("trawl", "send", "--timeout", timeout, text); !strings.Contains(out, `"rule":"his"`) {
		m.t.Errorf("answer: %s", out)
	}
}

func TestLifeOfAService(t *testing.T) {
	m := boot(t)
	m.configure()

	// start waits for READY: with Type=notify it would else fail after a minute.
	m.must("trawl", "service", "install", "broker", "--now")
	if out := m.must("trawl", "service", "status", "broker"); !strings.Contains(out, "trawl-broker: running, waiting for workers") {
		t.Errorf("status: %s", out)
	}
	m.must("trawl", "service", "install", "worker", "--now")
	m.serves()
	m.eventually("the worker says that it is connected", func() bool { return m.show(worker, "StatusText") == "connected to 1 broker" })
	if user := m.must("ps", "-o", "user=", "-p", m.show(worker, "MainPID")); user != "trawl" {
		t.Errorf("it runs as %s", user)
	}

	t.Run("killed", func(t *testing.T) {
		for _, s := range []string{broker, worker} {
			m.must("kill", "-9", m.show(s, "MainPID"))
			start := time.Now()
			m.serves()
			t.Logf("%s: killed, and served again %v later", s, time.Since(start).Round(time.Millisecond))
			m.eventually("systemd has counted it", func() bool { return m.show(s, "NRestarts") == "1" })
		}
	})

	t.Run("stopped by its watchdog", func(t *testing.T) {
		for _, s := range []string{broker, worker} {
			m.sh("mkdir -p /run/systemd/system/" + s + ".service.d; printf '[Service]\\nWatchdogSec=2\\nTimeoutAbortSec=1\\n' >/run/systemd/system/" + s + ".service.d/fast.conf")
		}
		m.must("systemctl", "daemon-reload")
		m.must("systemctl", "restart", broker, worker)
		for _, s := range []string{broker, worker} {
			pid := m.show(s, "MainPID")
			m.must("kill", "-STOP", pid)
			m.eventually(s+" was started again", func() bool {
				now := m.show(s, "MainPID")
				return now != pid && now != "0" && m.show(s, "ActiveState") == "active"
			})
			m.serves()
		}
		if log := m.must("journalctl", "--no-pager", "-u", broker); !strings.Contains(log, "Watchdog timeout") {
			t.Errorf("no watchdog in the journal:\n%s", log)
		}
	})

	t.Run("reloaded", func(t *testing.T) {
		for _, s := range []string{broker, worker} {
			pid := m.show(s, "MainPID")
			m.must("systemctl", "reload", s)
			m.eventually(s+" is back", func() bool { return m.show(s, "ActiveState") == "active" })
			if now := m.show(s, "MainPID"); now != pid {
				t.Errorf("%s: process %s instead of %s", s, now, pid)
			}
		}
		m.serves()
	})

	t.Run("priorities of the journal", func(t *testing.T) {
		m.must("kill", "-9", m.show(worker, "MainPID"))
		m.serves()
		log := m.must("journalctl", "--no-pager", "-u", broker, "-p", "warning", "-o", "cat")
		if strings.Contains(log, "INFO") || strings.Contains(m.must("journalctl", "--no-pager", "-u", broker, "-o", "cat"), "<6>") {
			t.Errorf("lines of the wrong priority:\n%s", log)
		}
	})

	t.Run("drains", func(t *testing.T) {
		answer := make(chan string)
		go func() {
			out, _ := m.run("trawl", "send", "--timeout", "60s", "--rules", "nobody", text)
			answer <- out
		}()
		m.eventually("the request waits", func() bool {
			out, _ := m.run("trawl", "status", "--json")
			return strings.Contains(out, `"pending": 1`) || strings.Contains(out, `"pending":1`)
		})
		m.must("trawl", "service", "stop", "broker")
		if out := <-answer; !strings.Contains(out, "draining") && !strings.Contains(out, "stopped before") {
			t.Errorf("what waited was answered: %s", out)
		}
		if r := m.show(broker, "Result"); r != "success" {
			t.Errorf("the result of stopping: %s", r)
		}
		// A board whose broker is away is well, and says so.
		m.eventually("the worker waits", func() bool { return strings.HasPrefix(m.show(worker, "StatusText"), "waiting for the broker") })
		if out := m.must("trawl", "service", "status", "worker"); !strings.Contains(out, "running") {
			t.Errorf("status: %s", out)
		}
		if out, _ := m.run("trawl", "service", "status", "broker"); !strings.Contains(out, "trawl-broker: stopped") {
			t.Errorf("status: %s", out)
		}
		m.must("trawl", "service", "start", "broker")
		m.serves()
	})

	t.Run("uninstalled", func(t *testing.T) {
		pid := m.show(worker, "MainPID")
		m.must("trawl", "service", "uninstall", "worker")
		m.must("trawl", "service", "uninstall", "broker")
		if _, err := m.run("kill", "-0", pid); err == nil {
			t.Error("the worker still runs")
		}
		if out, _ := m.run("trawl", "service", "status", "worker"); !strings.Contains(out, "not installed") {
			t.Errorf("status: %s", out)
		}
		m.sh("test -e /etc/trawl/trawl.yaml && ls /var/lib/trawl/packs/*.pack && ! ls /etc/systemd/system/trawl* /etc/systemd/system/*/trawl*")
		m.fails("is not installed", "trawl", "service", "uninstall", "worker")
	})
}

func TestInstallAgain(t *testing.T) {
	m := boot(t)
	m.install()
	pid := m.show(broker, "MainPID")

	if out := m.must("trawl", "service", "install", "broker"); !strings.Contains(out, "nothing about it has changed") {
		t.Errorf("install again: %s", out)
	}
	if now := m.show(broker, "MainPID"); now != pid {
		t.Error("it was restarted for nothing")
	}

	m.must("cp", "/etc/trawl/trawl.yaml", "/etc/trawl/other.yaml")
	if out := m.must("trawl", "service", "install", "broker", "--config", "/etc/trawl/other.yaml"); !strings.Contains(out, "restarted trawl-broker") {
		t.Errorf("install over a running service: %s", out)
	}
	if now := m.show(broker, "MainPID"); now == pid {
		t.Error("it was not restarted")
	}
	m.serves()

	m.sh(`printf '[Service]\nExecStart=/usr/local/bin/trawl broker\n' >/etc/systemd/system/trawl-broker.service; systemctl daemon-reload`)
	if out := m.must("trawl", "service", "install", "broker"); !strings.Contains(out, "trawl-broker.service.old") {
		t.Errorf("install over somebody's unit: %s", out)
	}
	m.serves()

	m.must("trawl", "service", "install", "worker", "--name", "zwei", "--now")
	m.eventually("there are two workers", func() bool {
		out, _ := m.run("trawl", "workers")
		return strings.Contains(out, "zwei ") && strings.Count(out, " trawl ") == 2
	})
	m.must("trawl", "service", "uninstall", "worker", "--name", "zwei")
	m.serves()

	m.sh("mkdir -p /usr/lib/systemd/system && mv /etc/systemd/system/trawl-broker.service /usr/lib/systemd/system/ && systemctl daemon-reload")
	m.fails("belongs to a package", "trawl", "service", "install", "broker")
	m.serves()
}

func TestUnitsAreQuietAndClosed(t *testing.T) {
	m := boot(t)
	m.configure()
	overall := regexp.MustCompile(`Overall exposure level for \S+: (\d+\.\d+)`)
	for _, s := range []string{"broker", "worker", "watch"} {
		m.must("trawl", "service", "install", s)
		file := "/etc/systemd/system/trawl-" + s + ".service"
		if out, _ := m.run("systemd-analyze", "verify", file); out != "" {
			t.Errorf("systemd-analyze verify: %s", out)
		}
		found := overall.FindStringSubmatch(m.must("systemd-analyze", "security", "--offline=true", "--no-pager", file))
		if found == nil {
			t.Fatal("systemd-analyze security said nothing")
		}
		t.Logf("trawl-%s: exposure %s", s, found[1])
		if level, err := strconv.ParseFloat(found[1], 64); err != nil || level > 2 {
			t.Errorf("trawl-%s: exposure %s, over 2.0", s, found[1])
		}
	}
	m.must("trawl", "service", "start", "worker")
	m.readOnlyOutside()
}

// A watcher reads what the group adm may, goes on after a kill where it was, and does not see
// the rest.
func TestWatcherAsAService(t *testing.T) {
	const watcher = "trawl-watch"
	m := boot(t)
	m.configure()
	m.sh("install -m 640 -g adm /dev/null /var/log/app.log")
	m.must("trawl", "service", "install", "watch", "--now")
	if user := m.must("ps", "-o", "user=", "-p", m.show(watcher, "MainPID")); user != "trawl" {
		t.Errorf("it runs as %s", user)
	}
	events := func() string { out, _ := m.run("cat", "/var/log/trawl/events.jsonl"); return out }
	m.sh("echo 'here is one' >>/var/log/app.log")
	m.eventually("the first event is written", func() bool { return strings.Contains(events(), `"rule":"he"`) })
	m.must("kill", "-9", m.show(watcher, "MainPID"))
	m.sh("echo 'this is two' >>/var/log/app.log")
	m.eventually("the second event is written", func() bool { return strings.Contains(events(), `"rule":"his"`) })
	if n := strings.Count(events(), `"rule":"he"`); n != 1 {
		t.Errorf("the first event was written %d times", n)
	}
	if out := m.must("trawl", "service", "status", "watch"); !strings.Contains(out, "trawl-watch: running") {
		t.Errorf("status: %s", out)
	}
	if out, _ := m.run("trawl", "doctor"); !strings.Contains(out, "to disk since its start") || !strings.Contains(out, "1 source, 1 file matched now") {
		t.Errorf("doctor: %s", out)
	}
	m.must("trawl", "service", "uninstall", "watch")
}

// readOnlyOutside looks at the mounts of the worker: only its own folders are
// for writing.
func (m *machine) readOnlyOutside() {
	m.t.Helper()
	pid := m.show(worker, "MainPID")
	mounts := m.must("cat", "/proc/"+pid+"/mounts")
	for _, path := range []string{"/", "/etc/trawl"} {
		if !regexp.MustCompile(`(?m)^\S+ ` + regexp.QuoteMeta(path) + ` \S+ ro[, ]`).MatchString(mounts) {
			m.t.Errorf("%s is not read-only for the worker:\n%s", path, mounts)
		}
	}
	if !regexp.MustCompile(`(?m)^\S+ /var/lib/trawl \S+ rw[, ]`).MatchString(mounts) {
		m.t.Errorf("/var/lib/trawl is not for writing:\n%s", mounts)
	}
}

func TestWhatGoesWrong(t *testing.T) {
	m := boot(t)

	m.fails("a worker needs rules", "trawl", "service", "install", "worker")
	m.configure()
	m.fails("takes root", "setpriv", "--reuid=nobody", "--clear-groups", "trawl", "service", "install", "worker")
	m.sh("cp /usr/local/bin/trawl /root/trawl")
	m.fails("a service does not see /root", "/root/trawl", "service", "install", "worker")
	m.sh("echo 'workers: {}' >/etc/trawl/bad.yaml")
	m.fails("bad.yaml:1", "trawl", "service", "install", "worker", "--config", "/etc/trawl/bad.yaml")

	m.sh("mount --bind /etc /etc && mount -o remount,bind,ro /etc")
	m.fails("read-only", "trawl", "service", "install", "worker")
	m.sh("umount /etc; ! test -e /etc/systemd/system/trawl-worker.service")

	m.must("trawl", "service", "install", "worker") // makes the user, too
	m.must("trawl", "service", "uninstall", "worker")
	m.sh("mount --bind /etc /etc && mount -o remount,bind,ro /etc")
	m.fails("read-only", "trawl", "service", "install", "worker")
	m.sh("umount /etc")

	m.install()
	pid := m.show(worker, "MainPID")
	m.sh("mount -t tmpfs -o size=4k tiny /etc/systemd/system && (cat /dev/zero >/etc/systemd/system/full || true) 2>&1")
	m.fails("the disk is full", "trawl", "service", "install", "worker", "--config", "/etc/trawl/trawl.yaml")
	m.sh("test $(ls -A /etc/systemd/system | wc -l) = 1; umount /etc/systemd/system")
	if now := m.show(worker, "MainPID"); now != pid {
		t.Error("the worker was restarted")
	}
	m.serves()

	// Keys: the service's user has to be able to read them.
	m.sh("cd /etc/trawl && trawl keygen broker && cat broker.pub >me && echo \"$(cat broker.pub) client\" >allowed.keys && printf 'security: {key: broker.key, allowed_keys: allowed.keys}\n' >keys.yaml")
	m.fails("chown trawl /etc/trawl/broker.key", "trawl", "service", "install", "broker", "--config", "/etc/trawl/keys.yaml")
	m.serves()
	m.must("chown", "trawl", "/etc/trawl/broker.key")
	m.must("trawl", "service", "install", "broker", "--config", "/etc/trawl/keys.yaml")
	if state := m.show(broker, "ActiveState"); state != "active" {
		t.Errorf("the broker with a key is %s", state)
	}

	// Or systemd hands the key in.
	m.sh(`cd /etc/trawl && chown root broker.key
sed -i 's#key: broker.key#key: /run/credentials/trawl-broker.service/broker.key#' keys.yaml
mkdir -p /etc/systemd/system/trawl-broker.service.d
printf '[Service]\nLoadCredential=broker.key:/etc/trawl/broker.key\n' >/etc/systemd/system/trawl-broker.service.d/key.conf
systemctl daemon-reload`)
	m.must("trawl", "service", "restart", "broker")
	m.must("trawl", "ping", "--config", "/dev/null", "--key", "/etc/trawl/broker.key", "--server-key", "/etc/trawl/broker.pub")
	m.eventually("the worker, which has no key, is refused", func() bool {
		out, _ := m.run("trawl", "doctor", "--config", "/etc/trawl/keys.yaml")
		return strings.Contains(out, "trawl-worker runs, and is refused by")
	})
	m.wantSays("doctor", m.doctorSays("--config", "/etc/trawl/keys.yaml"), "trawl-worker runs, and is refused by", "trawl keygen")
	m.must("trawl", "service", "stop", "worker") // it has no key
	if out := m.must("trawl", "doctor", "--config", "/etc/trawl/keys.yaml"); strings.Contains(out, "fault") {
		t.Errorf("doctor:\n%s", out)
	}
	m.must("trawl", "service", "start", "worker")
	m.sh("rm -r /etc/systemd/system/trawl-broker.service.d && systemctl daemon-reload")

	// A configuration that is broken later: systemd tries for ever, status tells.
	m.must("trawl", "service", "install", "broker")
	m.servesWithin("30s") // refused for want of keys, the worker dials less often by now
	m.sh("cp /etc/trawl/trawl.yaml /etc/trawl/good && echo 'broken: {}' >>/etc/trawl/trawl.yaml")
	m.fails("journalctl -u trawl-broker", "trawl", "service", "restart", "broker")
	m.eventually("it has tried several times", func() bool { n, _ := strconv.Atoi(m.show(broker, "NRestarts")); return n > 2 })
	m.eventually("its status tells", func() bool {
		out, _ := m.run("trawl", "service", "status", "broker")
		if !strings.Contains(out, "failing") {
			t.Fatalf("status of a crash loop: %s", out)
		}
		return strings.Contains(out, "it ended with status 2")
	})
	m.must("mv", "/etc/trawl/good", "/etc/trawl/trawl.yaml")
	m.eventually("it serves again", func() bool {
		_, err := m.run("trawl", "send", text)
		return err == nil
	})
}
