// Package notify talks to systemd, the service manager that may have started this process:
// datagrams to $NOTIFY_SOCKET report the state of the service (sd_notify(3)), and a priority in
// front of a log line tells the journal how important the line is (sd-daemon(3)).
//
//	manager := notify.New(os.Environ(), log)
//	manager.Alive("2 workers connected") // about once a second, by the loop that must not hang
//	manager.Reload(func() { … })         // around the reading of new settings
//	manager.Stop(drainTimeout)           // when the process begins to end
//	manager.Failed(ctx, err)             // instead, after a failed start
//
// Without a service manager there is no socket, and all methods do nothing.
package notify
