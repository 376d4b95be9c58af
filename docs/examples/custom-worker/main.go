// A worker of one's own: it asks another worker, by name, and says what that one
// has found. trawl send --worker censor "some text" asks it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"trawl/worker"
)

func main() {
	broker := flag.String("broker", "tcp://127.0.0.1:5556", "worker endpoint of the broker")
	name := flag.String("name", "censor", "name of this worker")
	other := flag.String("ask", "", "name of the worker to ask")
	flag.Parse()

	answer := func(ctx context.Context, r *worker.Request) (*worker.Answer, error) {
		found, err := r.Ask(ctx, worker.ToWorker(*other), r.Texts...)
		if err != nil {
			return nil, err // with its code, as clients get it
		}
		a := &worker.Answer{}
		for _, result := range found.Results {
			line, err := json.Marshal(map[string]any{"asked": found.Header.Worker, "answer": json.RawMessage(result)})
			if err != nil {
				return nil, err
			}
			a.Results = append(a.Results, line)
		}
		return a, nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := worker.Run(ctx, worker.Options{
		Name: *name, Brokers: []string{*broker}, Slots: 1, Log: slog.Default(),
		Handle: map[string]worker.Handler{"default": answer},
	})
	if err != nil {
		slog.Error("the worker could not start", "error", err)
		os.Exit(1)
	}
}
