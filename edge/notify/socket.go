package notify

// The socket of the service manager, and its environment.

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// socket is the address where the service manager listens; empty: there is no service manager.
type socket string

// sendTime bounds how long a manager that does not read can block the process.
const sendTime = 5 * time.Second

// send sends one datagram of lines NAME=VALUE. Each datagram has its own connection, because the
// manager may have been restarted and datagrams are rare.
func (s socket) send(lines ...string) error {
	if s == "" {
		return nil
	}
	if !strings.HasPrefix(string(s), "/") && !strings.HasPrefix(string(s), "@") {
		return fmt.Errorf("NOTIFY_SOCKET %q is neither a path nor an abstract socket (@…)", string(s))
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: string(s), Net: "unixgram"}) // net writes abstract names with @, too
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetWriteDeadline(time.Now().Add(sendTime))
	_, err = conn.Write([]byte(strings.Join(lines, "\n")))
	return err
}

// variable returns a variable of an environment.
func variable(env []string, name string) string {
	for _, e := range env {
		if value, ok := strings.CutPrefix(e, name+"="); ok {
			return value
		}
	}
	return ""
}

// watchdogTime returns how long the manager waits for a message of the process pid before killing
// the process; 0: without end.
func watchdogTime(env []string, pid int) time.Duration {
	if of := variable(env, "WATCHDOG_PID"); of != "" && of != strconv.Itoa(pid) {
		return 0 // meant for another process, which has passed on its environment
	}
	us, err := strconv.ParseInt(variable(env, "WATCHDOG_USEC"), 10, 64)
	if err != nil || us <= 0 {
		return 0
	}
	return time.Duration(us) * time.Microsecond
}
