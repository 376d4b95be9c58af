package main

// A log as a machine on the internet has it: system, kernel, mail, web server,
// logins, timers. Made up, the same for the same seed.

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// syslog gives lines of about size bytes.
func syslog(size int, seed uint64) []byte {
	g := &logger{rand.New(rand.NewPCG(seed, 0))}
	at := time.Date(2025, 1, 12, 6, 25, 1, 0, time.UTC)
	out := make([]byte, 0, size)
	for {
		at = at.Add(time.Duration(g.IntN(4000)) * time.Millisecond)
		line := at.Format(time.Stamp) + " pi2 " + g.message() + "\n"
		if len(out)+len(line) > size {
			return out
		}
		out = append(out, line...)
	}
}

type logger struct{ *rand.Rand }

// message is one of a program, each as often as its weight says.
func (g *logger) message() string {
	switch n := g.IntN(100); {
	case n < 22:
		return g.ssh()
	case n < 47:
		return g.web()
	case n < 58:
		return g.mail()
	case n < 70:
		return g.system()
	case n < 80:
		return fmt.Sprintf("CRON[%d]: pam_unix(cron:session): session %s for user %s", g.pid(), g.of("opened", "closed"), g.user())
	case n < 92:
		return g.firewall()
	}
	return g.kernel()
}

func (g *logger) ssh() string {
	head := fmt.Sprintf("sshd[%d]: ", g.pid())
	switch g.IntN(5) {
	case 0:
		return head + fmt.Sprintf("Accepted publickey for %s from %s port %d ssh2: ED25519 SHA256:%s", g.user(), g.address(), g.port(), g.id(43))
	case 1:
		return head + fmt.Sprintf("Failed password for root from %s port %d ssh2", g.address(), g.port())
	case 2:
		return head + fmt.Sprintf("Failed password for invalid user %s from %s port %d ssh2", g.user(), g.address(), g.port())
	case 3:
		return head + fmt.Sprintf("Connection closed by %s port %d [preauth]", g.address(), g.port())
	}
	return head + fmt.Sprintf("pam_unix(sshd:auth): rhost=%s user=%s", g.address(), g.user())
}

func (g *logger) web() string {
	return fmt.Sprintf(`nginx: %s - - "%s /%s/%s?id=%s HTTP/1.1" %d %d "-" "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/%d.0"`,
		g.address(), g.of("GET", "GET", "GET", "POST", "HEAD"), g.of("api/v1", "static/js", "img", "docs", "wp-admin"),
		g.of("login", "index.html", "app.js", "user", "search", "status"), g.id(12), g.code(), g.IntN(90000), 90+g.IntN(50))
}

func (g *logger) mail() string {
	head := fmt.Sprintf("postfix/%s[%d]: %s: ", g.of("smtp", "qmgr", "cleanup", "smtpd"), g.pid(), g.hex(10))
	if g.IntN(2) == 0 {
		return head + fmt.Sprintf("to=<%s@example.org>, relay=mx%d.example.net[%s]:25, delay=%d.%d, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as %s)",
			g.user(), g.IntN(4), g.address(), g.IntN(9), g.IntN(99), g.hex(10))
	}
	return head + fmt.Sprintf("message-id=<%s@pi2.example.org>", g.id(24))
}

func (g *logger) system() string {
	unit := g.of("apt-daily.service", "logrotate.service", "man-db.timer", "fstrim.service", "user@1000.service", "nginx.service")
	return "systemd[1]: " + g.of("Started ", "Finished ", "Starting ", "Stopping ") + unit + g.of("", ".", ": Consumed 1.2s CPU time.")
}

func (g *logger) firewall() string {
	return fmt.Sprintf("kernel: [%d.%06d] [UFW BLOCK] IN=eth0 OUT= MAC=%s SRC=%s DST=192.168.1.12 LEN=%d TOS=0x00 TTL=%d ID=%d PROTO=%s SPT=%d DPT=%d",
		g.IntN(999999), g.IntN(999999), g.hex(28), g.address(), 40+g.IntN(1400), 30+g.IntN(90), g.IntN(65535), g.of("TCP", "UDP"), g.port(), g.port())
}

func (g *logger) kernel() string {
	return fmt.Sprintf("kernel: [%d.%06d] ", g.IntN(999999), g.IntN(999999)) + g.of(
		"mmc0: Timeout waiting for hardware interrupt.",
		fmt.Sprintf("blk_update_request: I/O error, dev mmcblk0, sector %d", g.IntN(1<<24)),
		fmt.Sprintf("usb 1-1.%d: new high-speed USB device number %d using dwc_otg", g.IntN(4), g.IntN(90)),
		fmt.Sprintf("usb 1-1.%d: USB disconnect, device number %d", g.IntN(4), g.IntN(90)),
		"eth0: link up, 1000Mbps, full-duplex, lpa 0x45E1",
		fmt.Sprintf("oom-kill: Killed process %d (%s) total-vm:%dkB", g.pid(), g.of("chromium", "mysqld", "node"), g.IntN(1<<22)),
	)
}

func (g *logger) of(s ...string) string { return s[g.IntN(len(s))] }
func (g *logger) pid() int              { return 300 + g.IntN(32000) }
func (g *logger) port() int             { return 1024 + g.IntN(64000) }
func (g *logger) code() int             { return []int{200, 200, 200, 304, 404, 500}[g.IntN(6)] }
func (g *logger) user() string {
	return g.of("root", "admin", "pi", "backup", "www-data", "ubuntu", "test", "oracle", "git", "anna", "bert")
}

func (g *logger) address() string {
	return fmt.Sprintf("%d.%d.%d.%d", 1+g.IntN(222), g.IntN(256), g.IntN(256), g.IntN(256))
}

func (g *logger) hex(n int) string { return g.letters(n, "0123456789ABCDEF") }

func (g *logger) id(n int) string {
	return g.letters(n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
}

func (g *logger) letters(n int, from string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = from[g.IntN(len(from))]
	}
	return string(b)
}
