package broker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"trawl/edge/keys"
	"trawl/edge/zmtp"
)

// A handshake looks at the keys before the broker knows the connection, so that a
// reload in between does not find it.
func TestReloadReachesConnectionsThatAreNotServedYet(t *testing.T) {
	own, client := zmtp.GenerateKey(), zmtp.GenerateKey()
	path := filepath.Join(t.TempDir(), "allowed.keys")
	allow := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	allow(fmt.Sprintln(client.Public(), "client"))
	allowed, err := keys.OpenSet(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Listen(Options{Clients: []string{"tcp://127.0.0.1:*"}, Security: Security{Key: own, Allowed: allowed}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := zmtp.Dial(ctx, b.ClientEndpoints()[0], zmtp.Options{
		SocketType: "DEALER", Security: zmtp.Security{Mechanism: zmtp.Curve, Key: client, ServerKey: own.Public()},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	allow("# nobody\n")
	if err := b.ReloadKeys(); err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- b.Serve(serving) }()
	ended := make(chan error)
	go func() { _, err := conn.Recv(); ended <- err }()
	select {
	case <-ended:
		stop()
	case <-time.After(patience):
		t.Error("a key that is not allowed any more is served")
		stop()
		<-ended
	}
	<-served
}
