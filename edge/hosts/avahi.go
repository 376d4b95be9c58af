package hosts

// Avahi's socket: one line asks, one line answers.

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"trawl/edge/escape"
)

const (
	// avahiSocket is where avahi-daemon answers any user of the machine.
	avahiSocket = "/run/avahi-daemon/socket"
	// avahiTimeout bounds an answer: Avahi looks for an unknown name for 5 s.
	avahiTimeout = 2 * time.Second
	// maxAvahiLine bounds the answer, in bytes.
	maxAvahiLine = 1 << 10
)

// avahi asks the avahi-daemon at a socket.
type avahi struct{ socket string }

// lookup asks for the IPv4 address of name. Avahi's IPv6 addresses are mostly link-local addresses
// without a zone, and of no use.
func (a avahi) lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, avahiTimeout)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", a.socket)
	if err != nil {
		return nil, errNotThere
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	_ = c.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := fmt.Fprintf(c, "RESOLVE-HOSTNAME-IPV4 %s\n", name); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(io.LimitReader(c, maxAvahiLine)).ReadString('\n')
	if err != nil {
		return nil, errors.New("no answer")
	}
	return parseAvahi(line)
}

// parseAvahi reads an answer: "+ INTERFACE PROTOCOL NAME ADDRESS", or "-NUMBER REASON".
func parseAvahi(line string) ([]netip.Addr, error) {
	line = strings.TrimSpace(line)
	fields := strings.Fields(line)
	if len(fields) == 0 || fields[0] != "+" {
		_, reason, _ := strings.Cut(line, " ")
		return nil, errors.New(escape.Line(reason))
	}
	address, err := netip.ParseAddr(fields[len(fields)-1])
	if err != nil || address.IsUnspecified() || address.IsMulticast() {
		return nil, errors.New("an answer that is no address")
	}
	return []netip.Addr{address}, nil
}
