package lab

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// Logs are size bytes of lines as servers write them: always the same ones.
func Logs(size int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, "2026-03-%02dT%02d:%02d:%02d.%06d+00:00 host%d ", 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60),
			r.IntN(1e6), r.IntN(40))
		logShapes[r.IntN(len(logShapes))](&b, r)
		b.WriteByte('\n')
	}
	return b.Bytes()[:size]
}

func address(r *rand.Rand) string {
	return fmt.Sprintf("%d.%d.%d.%d", 1+r.IntN(222), r.IntN(256), r.IntN(256), r.IntN(256))
}

var (
	users = []string{"root", "admin", "deploy", "postgres", "www-data", "backup", "anna", "bert"}
	paths = []string{"/", "/index.html", "/api/v1/items", "/static/app.js", "/wp-login.php", "/favicon.ico", "/health"}
)

// logShapes write what a line says behind its time and host.
var logShapes = []func(b *bytes.Buffer, r *rand.Rand){
	func(b *bytes.Buffer, r *rand.Rand) {
		fmt.Fprintf(b, "sshd[%d]: Failed password for invalid user %s from %s port %d ssh2", r.IntN(32768), users[r.IntN(len(users))],
			address(r), 1024+r.IntN(64000))
	},
	func(b *bytes.Buffer, r *rand.Rand) {
		fmt.Fprintf(b, "sshd[%d]: Accepted publickey for %s from %s port %d ssh2: ED25519 SHA256:%x", r.IntN(32768),
			users[r.IntN(len(users))], address(r), 1024+r.IntN(64000), r.Uint64())
	},
	func(b *bytes.Buffer, r *rand.Rand) {
		fmt.Fprintf(b, "nginx: %s - - \"GET %s HTTP/1.1\" %d %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\" %.3f", address(r),
			paths[r.IntN(len(paths))], 200+r.IntN(5)*100, r.IntN(100000), r.Float64())
	},
	func(b *bytes.Buffer, r *rand.Rand) {
		fmt.Fprintf(b, "kernel: [%d.%06d] [UFW BLOCK] IN=eth0 OUT= SRC=%s DST=%s LEN=%d TTL=%d PROTO=TCP SPT=%d DPT=%d",
			r.IntN(1e6), r.IntN(1e6), address(r), address(r), 40+r.IntN(1400), r.IntN(256), r.IntN(65536), r.IntN(65536))
	},
	func(b *bytes.Buffer, r *rand.Rand) {
		fmt.Fprintf(b, "postfix/smtpd[%d]: %X: client=unknown[%s]", r.IntN(32768), r.Uint32(), address(r))
	},
	func(b *bytes.Buffer, r *rand.Rand) {
		fmt.Fprintf(b, "systemd[1]: run-%x.scope: Deactivated successfully.", r.Uint64())
	},
}
