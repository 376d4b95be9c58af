// Keys of CURVE, for loads that are encrypted.

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// pair is a key pair in Z85.
type pair struct{ secret, public string }

// keys are everybody's. trawl's broker reads its own and those it admits from
// files.
type keys struct {
	broker, client, worker pair
	file, allowed          string
}

// newKeys makes all pairs, and the files in the folder out.
func newKeys(ctx context.Context, t *tools, out string) (*keys, error) {
	k := &keys{file: filepath.Join(out, "broker.key"), allowed: filepath.Join(out, "allowed.keys")}
	for _, p := range []*pair{&k.broker, &k.client, &k.worker} {
		text, err := exec.CommandContext(ctx, t.peer, "keygen").Output()
		f := strings.Fields(string(text))
		if err != nil || len(f) != 2 {
			return nil, fmt.Errorf("libzmqpeer keygen: %q, %w", text, err)
		}
		*p = pair{secret: f[0], public: f[1]}
	}
	certificate := fmt.Sprintf("curve\n    public-key = %q\n    secret-key = %q\n", k.broker.public, k.broker.secret)
	if err := os.WriteFile(k.file, []byte(certificate), 0o600); err != nil {
		return nil, err
	}
	admitted := fmt.Sprintf("%s client\n%s worker\n", k.client.public, k.worker.public)
	return k, os.WriteFile(k.allowed, []byte(admitted), 0o600)
}

// peerArguments are those of a libzmq peer that connects to the broker.
func (k *keys) peerArguments(own pair) []string {
	return []string{"--secret", own.secret, "--public", own.public, "--server-public", k.broker.public}
}
