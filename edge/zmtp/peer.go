package zmtp

// What is known about the other end of a connection.

import "fmt"

// Peer describes the other end of a connection, as it announced itself.
type Peer struct {
	SocketType string            // REQ, DEALER, …
	Identity   []byte            // may be empty and need not be unique
	Mechanism  string            // of security: NULL, PLAIN or CURVE
	User       string            // whom the mechanism authenticated: a name with PLAIN, by default the key in Z85 with CURVE
	Key        PublicKey         // whom CURVE authenticated; else zero
	Version    Version           // of ZMTP in use: the lower of the peer's and ours
	RemoteAddr string            // host:port, or the endpoint for ipc and inproc
	Local      bool              // on this machine: loopback address, ipc or inproc
	Metadata   map[string]string // the other properties, names in lower case; nil if none
}

// Version is a version of ZMTP.
type Version struct{ Major, Minor uint8 }

func (v Version) before(w Version) bool {
	return v.Major < w.Major || v.Major == w.Major && v.Minor < w.Minor
}

// String returns the version as 3.1.
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }
