package main

// What broker and worker tell the service manager that started them.

import (
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"trawl/broker"
	"trawl/edge/notify"
	"trawl/worker"
)

// brokerPulse makes the sentences of a broker. Drain is how long its end may take.
func brokerPulse(life *notify.Life, drain time.Duration) func(broker.Pulse) {
	return func(p broker.Pulse) {
		if p.Stopping {
			life.Stop(drain)
			life.Beat("stopping, " + count(p.Pending, "request") + " to answer")
			return
		}
		status := count(p.Workers, "worker") + ", " + count(p.Clients, "client")
		if p.Workers == 0 {
			status = "waiting for workers, " + count(p.Clients, "client")
		}
		if p.Pending > 0 {
			status += ", at work"
		}
		life.Beat(status)
	}
}

// workerReport makes the sentences of a worker. One whose brokers are away is
// well, and waits.
func workerReport(life *notify.Life, drain time.Duration, brokers []string) func(worker.Health) {
	return func(p worker.Health) {
		var status string
		switch {
		case p.Stopping:
			life.Stop(drain)
			status = "stopping, " + count(p.Waiting+p.Running, "request") + " to answer"
		case p.Refused != "" && p.Connected == 0:
			status = "refused by the broker at " + p.Refused
		case p.Refused != "":
			status = fmt.Sprintf("connected to %d of %d brokers; refused by %s", p.Connected, p.Brokers, p.Refused)
		case p.Connected == 0:
			status = "waiting for the broker at " + strings.Join(brokers, " or ")
		case p.Connected < p.Brokers:
			status = fmt.Sprintf("connected to %d of %d brokers", p.Connected, p.Brokers)
		default:
			status = "connected to " + count(p.Brokers, "broker")
		}
		if p.Running > 0 && !p.Stopping {
			status += ", at work"
		}
		life.Beat(status)
	}
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// onHangup runs reload at each SIGHUP until the function returned is called, and
// tells the service manager meanwhile. An error is logged; what was in force stays
// so.
func onHangup(life *notify.Life, log *slog.Logger, reload func() error) (stop func()) {
	hangup, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hangup, syscall.SIGHUP)
	var listening sync.WaitGroup
	listening.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-hangup:
			}
			life.Reload(func() {
				if err := reload(); err != nil {
					log.Error("not read again; what was in force stays so", "error", err)
				}
			})
		}
	})
	return func() {
		signal.Stop(hangup)
		close(done)
		listening.Wait()
	}
}
