package systemd

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const manyWords = 600_000

// asked is how long a request may take: a board that boots is waited for.
const asked = "300s"

// TestBoard is the life of one board, from the package to a pulled plug. Its parts
// follow on each other: booting takes half a minute at best.
func TestBoard(t *testing.T) {
	needBoard(t)
	list := words(manyWords, 1)
	file := filepath.Join(t.TempDir(), "many.txt")
	if err := os.WriteFile(file, []byte(strings.Join(list, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	deb := debianPackage(t, "linux/arm64", "v0.0.1")
	b := newBoard(t, deb, file)
	b.powerOn("")

	b.dpkg("-i", "/root/"+filepath.Base(deb))
	b.sh(`cat >/etc/trawl/trawl.yaml <<.
worker:
  rules: {default: [words.txt]}
.
printf 'his\nhe\n' >/etc/trawl/words.txt
trawl config check
systemctl enable --now trawl-broker trawl-worker`)
	b.answers(newOracle([]string{"his", "he"}), text)
	b.doctor()

	b.part("rebooted", func() {
		before := b.must("cat", "/proc/sys/kernel/random/boot_id")
		b.reboot()
		b.answersAfterBoot(newOracle([]string{"his", "he"}))
		if b.must("cat", "/proc/sys/kernel/random/boot_id") == before {
			b.t.Error("it was not a reboot")
		}
	})

	many := newOracle(list)
	b.part("600,000 words", func() {
		b.compileApart()
		b.compileInService(list[0])
		b.answers(many, sentences(list)...)
		b.must("systemctl", "restart", worker)
		b.answers(many, sentences(list)...)
		b.memory("restarted, with the pack that it kept")
		if kept := b.must("journalctl", "-u", worker, "-o", "cat", "-g", "rules compiled"); strings.Count(kept, "rules compiled") != 2 {
			b.t.Errorf("compiled again at a restart:\n%s", kept)
		}
		b.doctor()
	})

	b.part("plug pulled while it serves", func() {
		b.must("systemd-run", "--unit=asking", "sh", "-c", "while :; do trawl send '"+text+"'; done")
		b.answers(many, text)
		b.powerCut()
		b.powerOn("")
		b.answersAfterBoot(many)
		b.unharmed()
	})

	more := newOracle(append([]string{"his", "he"}, list...))
	b.part("plug pulled while it compiles", func() {
		b.sh(`{ cat /root/many.txt; printf 'his\nhe\n'; } >/etc/trawl/words.new && mv /etc/trawl/words.new /etc/trawl/words.txt && sync && systemctl --no-block reload trawl-worker
until ls /var/lib/trawl/packs/*.tmp; do :; done`)
		b.powerCut()
		b.powerOn("")
		b.answersAfterBoot(more) // compiles, once more
		b.unharmed()
	})

	b.part("plug pulled when a pack was just written", func() {
		n := b.count("rules compiled")
		b.sh(`cd /etc/trawl && cp /root/many.txt words.new && echo hist >>words.new && mv words.new words.txt && sync && systemctl --no-block reload trawl-worker`)
		b.eventually("the worker says that it has compiled", func() bool { return b.count("rules compiled") > n })
		b.powerCut()
		b.powerOn("")
		b.answersAfterBoot(newOracle(append([]string{"hist"}, list...)))
		b.unharmed()
		if n := b.count("rules compiled"); n != 0 {
			b.t.Errorf("the pack was compiled again %d times; it should have lasted", n)
		}
	})

	b.part("kernel without memory cgroup, and a damaged pack", func() {
		// A block of another file in the middle of each pack, as bad cards do it.
		b.sh(`cd /var/lib/trawl/packs && for p in *.pack; do dd if=/root/many.txt of=$p bs=4096 seek=300 count=1 conv=notrunc; done && sync`)
		b.powerCut()
		b.powerOn("cgroup_disable=memory")
		b.answersAfterBoot(newOracle(append([]string{"hist"}, list...)))
		if n := b.count("a cached pack is damaged"); n != 1 {
			b.t.Errorf("the damaged pack was noticed %d times", n)
		}
		if log := b.must("journalctl", "-b", "-u", "trawl-*", "-o", "cat", "-g", "memory limit"); strings.Count(log, "a quarter of the board's memory") != 2 {
			b.t.Errorf("the programs' own limits:\n%s", log)
		}
		b.memory("without memory cgroup")
		if says := b.doctor(); !strings.Contains(says, "MemoryMax of a service is ignored") || !strings.Contains(says, "a quarter of the board's memory") {
			b.t.Error("doctor does not tell that there is no memory cgroup")
		}
	})
}

// part is a subtest that the ones after it need.
func (b *board) part(name string, f func()) {
	b.t.Helper()
	whole := b.t
	ok := whole.Run(name, func(t *testing.T) {
		b.t = t
		defer func() { b.t = whole }()
		f()
	})
	if !ok {
		whole.FailNow()
	}
}

// answers asks, and compares with the oracle.
func (b *board) answers(o *oracle, texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		out := b.must("trawl", "send", "--timeout", asked, text)
		got, err := matchesOf(out)
		if want := o.find(text); err != nil || !slices.Equal(got, want) {
			b.t.Fatalf("answer to %q: %s (%v)\nwant %v\n%s", text, out, err, want, b.journal())
		}
	}
}

// answersAfterBoot waits for the services to come up by themselves.
func (b *board) answersAfterBoot(o *oracle) {
	b.t.Helper()
	b.answers(o, text)
	up := strings.Fields(b.must("cat", "/proc/uptime"))[0]
	b.t.Logf("answers %s s after the kernel's start", up)
	for _, s := range []string{broker, worker} {
		if n := b.show(s, "NRestarts"); n != "0" {
			b.t.Errorf("%s needed %s restarts\n%s", s, n, b.journal())
		}
	}
}

// sentences are texts with words of the list, and with pieces of others.
func sentences(list []string) (texts []string) {
	random := rand.New(rand.NewPCG(2, 2))
	for range 5 {
		var s []string
		for range 20 {
			w := list[random.IntN(len(list))]
			s = append(s, w, w[1:]+"x")
		}
		texts = append(texts, strings.Join(s, " "))
	}
	return texts
}

// compileApart is trawl rules compile.
func (b *board) compileApart() {
	b.t.Helper()
	b.must("trawl", "rules", "compile", "-o", "/root/many.pack", "/root/many.txt")
	peak := float64(b.peak) / 1e6
	b.t.Logf("trawl rules compile: %.1f MB resident at most, pack of %s bytes out of %s",
		peak, b.must("stat", "-c", "%s", "/root/many.pack"), b.must("stat", "-c", "%s", "/root/many.txt"))
	b.must("rm", "/root/many.pack")
}

// compileInService gives the worker that serves the many words, and waits until it
// knows one.
func (b *board) compileInService(one string) {
	b.t.Helper()
	b.sh("cp /root/many.txt /etc/trawl/words.txt && systemctl reload trawl-worker")
	b.eventually("the new rules serve", func() bool {
		out, _ := b.run("trawl", "send", "--timeout", asked, one)
		return strings.Contains(out, `"`+one+`"`)
	})
	b.t.Log(b.must("journalctl", "-u", worker, "-o", "cat", "-g", "rules compiled", "-n", "1"))
	b.memory("compiled while it serves")
}

// memory logs what the worker takes, and fails if anything was killed for want of it.
func (b *board) memory(when string) {
	b.t.Helper()
	status := b.must("cat", "/proc/"+b.show(worker, "MainPID")+"/status")
	b.t.Logf("worker %s: resident %.1f MB, at most %.1f MB (MemoryPeak of its cgroup %s, MemoryMax %s)", when,
		kilobytes(status, "VmRSS:")/1e3, kilobytes(status, "VmHWM:")/1e3, b.show(worker, "MemoryPeak"), b.show(worker, "MemoryMax"))
	if kills := b.sh("sed -n 's/^oom_kill //p' /proc/vmstat"); kills != "0" {
		b.t.Errorf("the kernel has killed %s processes for want of memory\n%s", kills, b.must("journalctl", "-k", "-n", "50", "--no-pager"))
	}
}

// kilobytes is a value of /proc/PID/status.
func kilobytes(status, key string) float64 {
	_, after, _ := strings.Cut(status, key)
	var kB float64
	_, _ = fmt.Sscan(after, &kB)
	return kB * 1.024 // of 1000 bytes
}

// count counts lines of the worker's log since the board has booted.
func (b *board) count(line string) int {
	b.t.Helper()
	n, _ := strconv.Atoi(b.sh("journalctl -b -u trawl-worker -o cat --no-pager | grep -c '" + line + "' || true"))
	return n
}

// unharmed looks for damage to what the worker has kept.
func (b *board) unharmed() {
	b.t.Helper()
	if n := b.count("damaged"); n != 0 {
		b.t.Errorf("%d files were damaged\n%s", n, b.journal())
	}
	// A pack's name is the SHA-256 of what follows its first 64 bytes.
	b.sh(`for p in /var/lib/trawl/packs/*.pack; do test $(tail -c +65 $p | sha256sum | cut -d " " -f 1) = $(basename $p .pack); done`)
}

// doctor returns what trawl doctor says. A board that nothing is known about, such as
// its heat, is not at fault.
func (b *board) doctor() string {
	b.t.Helper()
	says := b.must("trawl", "doctor")
	b.t.Logf("trawl doctor:\n%s", says)
	return says
}
