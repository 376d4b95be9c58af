// A fleet with keys: libzmq's peers with CURVE against the real broker.

package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keyRing makes a key pair for each name in dir, and the allowed keys of a
// broker from the lines given, where NAME stands for its public key.
func keyRing(t *testing.T, dir string, names []string, allowed string) (public map[string]string) {
	t.Helper()
	public = make(map[string]string)
	for _, name := range names {
		p := start(t, "keygen", nil, binary, "keygen", "-o", dir, name)
		if code := p.wait(t); code != 0 {
			t.Fatalf("keygen: exit status %d", code)
		}
		key, err := os.ReadFile(filepath.Join(dir, name+".pub"))
		if err != nil {
			t.Fatal(err)
		}
		public[name] = strings.TrimSpace(string(key))
		allowed = strings.ReplaceAll(allowed, name+" ", public[name]+" ")
	}
	write(t, filepath.Join(dir, "allowed"), allowed)
	return public
}

func TestFleetWithKeys(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	public := keyRing(t, f.dir, []string{"broker", "pi2", "caller", "boss", "stranger"}, "pi2 worker second board\ncaller client\nboss admin\n")
	key := func(name string) string { return filepath.Join(f.dir, name+".key") }

	broker := f.broker(t, "--key", key("broker"), "--allowed-keys", filepath.Join(f.dir, "allowed"))
	start(t, "w1", nil, f.command("worker", "--broker", f.workers, "--name", "w1", "--rules", f.history(t),
		"--key", key("pi2"), "--server-key", public["broker"])...)
	asking := peer(t, "curve.py", "ask", f.clients, key("caller"), public["broker"])
	if code := asking.wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
	if got, want := asking.log.String(), historyAnswer+"\n100 b'{\"count\":10000}'\n"; got != want {
		t.Errorf("REQ and DEALER with keys got\n%swant\n%s", got, want)
	}
	for _, name := range []string{"stranger", "pi2"} { // pi2 is a worker, no client
		refused := peer(t, "curve.py", "refuse", f.clients, key(name), public["broker"])
		refused.waitLog(t, "no answer")
	}

	stop := func(name string) (stderr string, status int) {
		_, stderr, status = f.run(t, "", "stop", "--key", key(name), "--server-key", public["broker"])
		return stderr, status
	}
	if stderr, status := stop("caller"); status != 2 || !strings.Contains(stderr, "needs a key with the role admin") {
		t.Errorf("stop with a client's key: exit status %d: %s", status, stderr)
	}
	if stderr, status := stop("boss"); status != 0 {
		t.Errorf("stop with an admin's key: exit status %d: %s", status, stderr)
	}
	if status := broker.wait(t); status != 0 {
		t.Errorf("the broker's exit status is %d", status)
	}
}

func TestPlainWorkerWithKeys(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	public := keyRing(t, f.dir, []string{"broker", "rep", "caller"}, "rep worker\ncaller client\n")
	key := func(name string) string { return filepath.Join(f.dir, name+".key") }
	f.broker(t, "--key", key("broker"), "--allowed-keys", filepath.Join(f.dir, "allowed"))
	peer(t, "curve.py", "work", f.workers, key("rep"), public["broker"])
	out, stderr, code := f.run(t, "", "send", "--key", key("caller"), "--server-key", public["broker"], "loud")
	if code != 0 || out != "LOUD\n" {
		t.Errorf("exit status %d, got %q, %s", code, out, stderr)
	}
}
