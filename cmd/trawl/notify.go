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
	"trawl/edge/human"
	"trawl/edge/notify"
	"trawl/worker"
)

// brokerPulse makes the sentences of a broker. Drain is how long its end may take.
func brokerPulse(manager *notify.Manager, drain time.Duration) func(broker.Pulse) {
	started := sync.OnceFunc(unmapProgram)
	return func(p broker.Pulse) {
		defer started()
		if p.Stopping {
			manager.Stop(drain)
			manager.Alive("stopping, " + human.Count(p.Pending, "request") + " to answer")
			return
		}
		status := human.Count(p.Workers, "worker") + ", " + human.Count(p.Clients, "client")
		if p.Workers == 0 {
			status = "waiting for workers, " + human.Count(p.Clients, "client")
		}
		if p.Pending > 0 {
			status += ", at work"
		}
		manager.Alive(status)
	}
}

// workerReport makes the sentences of a worker. One whose brokers are away is
// well, and waits.
func workerReport(manager *notify.Manager, drain time.Duration, brokers []string) func(worker.Health) {
	started := sync.OnceFunc(unmapProgram)
	return func(p worker.Health) {
		defer started()
		var status string
		switch {
		case p.Stopping:
			manager.Stop(drain)
			status = "stopping, " + human.Count(p.Waiting+p.Running, "request") + " to answer"
		case p.Refused != "" && p.Connected == 0:
			status = "refused by the broker at " + p.Refused
		case p.Refused != "":
			status = fmt.Sprintf("connected to %d of %d brokers; refused by %s", p.Connected, p.Brokers, p.Refused)
		case p.Connected == 0:
			status = "waiting for the broker at " + strings.Join(brokers, " or ")
		case p.Connected < p.Brokers:
			status = fmt.Sprintf("connected to %d of %d brokers", p.Connected, p.Brokers)
		default:
			status = "connected to " + human.Count(p.Brokers, "broker")
		}
		if p.Running > 0 && !p.Stopping {
			status += ", at work"
		}
		manager.Alive(status)
	}
}

// onHangup runs reload at each SIGHUP until the function returned is called, and
// tells the service manager meanwhile. An error is logged; what was in force stays
// so.
func onHangup(manager *notify.Manager, log *slog.Logger, reload func() error) (stop func()) {
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
			manager.Reload(func() {
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
