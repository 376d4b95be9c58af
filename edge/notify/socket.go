package notify

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// socket is where the service manager listens; empty: it does not.
type socket string

// sendTime bounds how long a manager that does not read can hold us up.
const sendTime = 5 * time.Second

// send sends one datagram of lines NAME=VALUE. Each time it connects anew: the
// manager may have been restarted, and it is seldom.
func (s socket) send(lines ...string) error {
	if s == "" {
		return nil
	}
	if !strings.HasPrefix(string(s), "/") && !strings.HasPrefix(string(s), "@") {
		return fmt.Errorf("NOTIFY_SOCKET %q is neither a path nor an abstract socket (@…)", string(s))
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: string(s), Net: "unixgram"}) // @ is its own notation, too
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

// watchdogTime is how long the manager waits for a sign of life of the process
// pid before it ends it; 0: for ever.
func watchdogTime(env []string, pid int) time.Duration {
	if of := variable(env, "WATCHDOG_PID"); of != "" && of != strconv.Itoa(pid) {
		return 0 // meant for another process, which has passed its environment on
	}
	us, err := strconv.ParseInt(variable(env, "WATCHDOG_USEC"), 10, 64)
	if err != nil || us <= 0 {
		return 0
	}
	return time.Duration(us) * time.Microsecond
}
