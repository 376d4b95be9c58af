package main

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"trawl/broker"
	"trawl/edge/config"
	"trawl/edge/files"
	"trawl/edge/keys"
	"trawl/edge/zmtp"
)

// brokerSecurity reads the keys of a broker, if there are to be any.
func brokerSecurity(c *config.Config) (broker.Security, error) {
	s := &c.Security
	if !s.On() {
		return broker.Security{}, nil
	}
	if s.AllowedKeys == "" {
		return broker.Security{}, errors.New("a broker with a key admits nobody without allowed keys: list them in a file, a line KEY ROLE [NAME] for each, and name it with --allowed-keys")
	}
	key, err := keys.ReadKeyFile(s.Key)
	if err != nil {
		return broker.Security{}, err
	}
	allowed, err := keys.OpenSet(s.AllowedKeys)
	return broker.Security{Key: key, Allowed: allowed, RefuseForever: s.Refuse == "permanent"}, err
}

// peerSecurity reads the keys of a worker or a client, if there are to be any.
func peerSecurity(c *config.Config) (zmtp.Security, error) {
	s := &c.Security
	if !s.On() {
		return zmtp.Security{}, nil
	}
	if s.ServerKey == "" {
		return zmtp.Security{}, errors.New("with a key of our own the broker's public key is needed too: give it with --server-key")
	}
	key, err := keys.ReadKeyFile(s.Key)
	if err != nil {
		return zmtp.Security{}, err
	}
	server, err := keys.ReadPublicKey(s.ServerKey)
	if err != nil {
		return zmtp.Security{}, fmt.Errorf("security.server_key (--server-key): %w", err)
	}
	return zmtp.Security{Mechanism: zmtp.Curve, Key: key, ServerKey: server}, nil
}

// watchKeys makes a broker, if it has keys, read the allowed ones again when
// their file changes, until the function returned is called.
func watchKeys(b *broker.Broker, c *config.Config, log *slog.Logger) (stop func()) {
	if !c.Security.On() {
		return func() {}
	}
	const every = time.Second // and a change counts once it was seen twice
	watching := files.Watch(every, func(*files.Watching) {
		if !b.KeysChanged() {
			return
		}
		if err := b.ReloadKeys(); err != nil {
			log.Error("allowed keys not read again; the old ones stay in force", "error", err)
		}
	}, nil, nil)
	return func() { watching.Stop(time.Minute) } // reading takes no time
}

func (a *app) keygenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keygen [NAME]",
		Short: "Make a key pair for CURVE: NAME.key, to be kept secret, and NAME.pub",
		Long: `Make a key pair for CURVE, by default named trawl: NAME.key, which only its owner
can read, and NAME.pub with the public key. A broker, each worker and each client
have a pair of their own. The broker knows the others' public keys, with a role
each (--allowed-keys), they know the broker's (--server-key).

With --sign the pair signs releases of rules (trawl rules release): NAME.sec, encrypted
with a passphrase, and NAME.pub, whose key stands in the trust file of each worker.`,
		Example: `  trawl keygen broker; trawl keygen pi2
  trawl keygen --sign rules
  echo "$(cat pi2.pub) worker pi2" >> allowed.keys
  trawl broker --key broker.key --allowed-keys allowed.keys --clients tcp://*:5555 --workers tcp://*:5556
  trawl worker --key pi2.key --server-key broker.pub --broker tcp://pi1:5556 --rules words.txt`,
		Args: cobra.MaximumNArgs(1),
	}
	sign := cmd.Flags().Bool("sign", false, "make a key pair that signs releases of rules in place of one for CURVE: NAME.sec and NAME.pub, in minisign's format")
	plain := cmd.Flags().Bool("no-passphrase", false, "with --sign: do not encrypt NAME.sec")
	dir := cmd.Flags().StringP("output", "o", ".", "`FOLDER` to write the two files to")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		name := "trawl"
		if len(args) == 1 {
			name = args[0]
		}
		if name != filepath.Base(name) {
			return usage(cmd, "NAME must be without a folder; give that with -o")
		}
		switch {
		case *sign:
			return a.keygenSign(*dir, name, *plain)
		case *plain:
			return usage(cmd, "--no-passphrase goes with --sign")
		}
		key := zmtp.GenerateKey()
		private, public := filepath.Join(*dir, name+".key"), filepath.Join(*dir, name+".pub")
		if err := keys.WriteKeyFile(private, key); err != nil {
			return err
		}
		if err := files.Replace(public, 0o644, []byte(key.Public().String()+"\n")); err != nil {
			return cannotWrite(public, err)
		}
		a.printf("%s: keep it secret, it stays on its board\n%s: %s\n", private, public, key.Public())
		return nil
	}
	return cmd
}
