package broker

// Keys and roles: who may do what.

import (
	"maps"
	"slices"
	"strings"

	"trawl/edge/keys"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Security puts CURVE on every endpoint but inproc, which does not leave the
// process.
type Security struct {
	Key     zmtp.SecretKey // the broker's; the zero key: no security
	Allowed *keys.Set      // who may come in, and as what
	// RefuseForever tells strangers to stay away, instead of holding their
	// connection for a second.
	RefuseForever bool
}

func (s *Security) on() bool { return s.Key != zmtp.SecretKey{} }

// Who may connect to the endpoints for clients and for workers.
var (
	clientRoles = []keys.Role{keys.Client, keys.Admin}
	workerRoles = []keys.Role{keys.Worker, keys.Admin}
)

// protect returns o for an endpoint that is for peers with one of roles.
func (s *Security) protect(endpoint string, o zmtp.Options, roles []keys.Role) zmtp.Options {
	if s.on() && !strings.HasPrefix(endpoint, "inproc://") {
		o.Security = zmtp.Security{
			Mechanism: zmtp.Curve, Key: s.Key, RefuseForever: s.RefuseForever,
			Authorize: s.Allowed.Authorizer(roles...),
		}
	}
	return o
}

// isAdmin reports whether a peer has shown a key of the role admin.
func (s *Security) isAdmin(peer zmtp.Peer) bool {
	if peer.Mechanism != zmtp.Curve {
		return false
	}
	e, ok := s.Allowed.Lookup(peer.Key)
	return ok && e.Role == keys.Admin
}

// mayControl: with keys an admin may stop and drain, without them whoever is
// on this machine; who can open an ipc socket always may.
func (s *Security) mayControl(peer zmtp.Peer, op wire.Op) *wire.Error {
	switch {
	case strings.HasPrefix(peer.RemoteAddr, "ipc://"):
		return nil
	case peer.Mechanism != zmtp.Curve:
		if peer.Local {
			return nil
		}
		return wire.Errorf(wire.Forbidden, "%s is only taken from the broker's own machine; run it there", op)
	}
	if s.isAdmin(peer) {
		return nil
	}
	return wire.Errorf(wire.Forbidden, "%s needs a key with the role admin in the broker's allowed keys", op)
}

// warnOfNoKeys says that nobody can connect, which looks like a broker that is away.
func (b *Broker) warnOfNoKeys() {
	if s := &b.options.Security; s.on() && s.Allowed.Len() == 0 {
		b.options.Log.Warn("no key is allowed, so nobody can connect; add a line KEY ROLE [NAME] for each, and it is read by itself")
	}
}

// KeysChanged reports whether the file of allowed keys is to be read again; see
// [keys.Set.Changed].
func (b *Broker) KeysChanged() bool {
	return b.options.Security.on() && b.options.Security.Allowed.Changed()
}

// ReloadKeys reads the allowed keys again and ends the connections of keys that are
// not in them any more, or in a role that could not have made the connection. With an
// error the old ones stay in force. Any goroutine may call it.
func (b *Broker) ReloadKeys() error {
	s := &b.options.Security
	if !s.on() {
		return nil
	}
	if err := s.Allowed.Reload(); err != nil {
		return err
	}
	b.options.Log.Info("allowed keys read", "keys", s.Allowed.Len())
	b.warnOfNoKeys()
	b.mu.Lock()
	var conns [2]map[*zmtp.Conn]*connection
	for i, d := range b.doors() {
		conns[i] = maps.Clone(d.conns)
	}
	b.mu.Unlock()
	for i, d := range b.doors() {
		for c := range conns[i] {
			b.endIfForbidden(c, d.roles)
		}
	}
	return nil
}

// endIfForbidden ends a connection whose key is not allowed any more in one of roles.
func (b *Broker) endIfForbidden(c *zmtp.Conn, roles []keys.Role) {
	peer := c.Peer()
	if peer.Mechanism != zmtp.Curve {
		return
	}
	if e, ok := b.options.Security.Allowed.Lookup(peer.Key); !ok || !slices.Contains(roles, e.Role) {
		b.options.Log.Info("connection ended: its key is not allowed here any more", "address", peer.RemoteAddr, "key", peer.User)
		_ = c.Close()
	}
}
