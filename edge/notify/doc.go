// Package notify talks to the service manager that started this process, in
// the two ways of systemd: datagrams to $NOTIFY_SOCKET tell how it is
// (sd_notify(3)), and a priority in front of a log line tells the journal how
// important it is (sd-daemon(3)).
//
//	life := notify.New(os.Environ(), log)
//	life.Beat("2 workers connected")  // again and again, by the loop whose hanging is to be noticed
//	life.Reload(func() { … })         // around the reading of new settings
//	life.Stop(drainTimeout)           // once the end begins
//	life.Failed(ctx, err)             // in place of all that, when the start has failed
//
// Started by anything else there is no socket, and all of it does nothing.
package notify
