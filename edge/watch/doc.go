// Package watch follows logs and messages, matches them, and tells somebody: `trawl watch`.
//
//	err := watch.Run(ctx, watch.Options{
//		Board:   "attic",
//		Matcher: func() (watch.Matcher, error) { return watch.Here(packs, []string{"default"}), nil },
//		Sources: []watch.SourceOptions{{Name: "journal", Source: journal}},
//		Sinks:   []watch.SinkOptions{{Name: "phone", Sink: webhook, DropOldest: true}},
//	}) // until ctx ends, or all input has ended and all events were sent
//
// The way of a record, with the files of each step:
//
//	source.go source_*.go   a file, the journal, a message      → batches of records
//	match.go match_*.go     rules here or a fleet               → matches
//	event.go watch.go       a match in its record               → an Event
//	filter.go limit.go      which sinks hear of the event, and how often
//	queue.go queuefile.go   events on their way to a sink
//	sink.go sink_*.go       a stream, a file, a webhook, a program, a topic
//
// Each source has a goroutine, which matches and then puts the events into the queues of
// all sinks; each sink has a goroutine to empty the queue. A source learns of a safe batch
// (Batch.Ack) when the events are in the queues; files of queues survive a crash (store.go).
// After a crash the batch under way comes again, and the events keep their ids.
//
// While a sink is away its queue grows, within bounds. A full queue drops the oldest
// events, or the sources wait: files and the journal are read no further,
// connections neither, MQTT is not acknowledged. Datagrams without room are counted.
//
// Strangers write records. Templates fill values into addresses, headers,
// topics and texts, each with the escapes of its place, and programs get values as whole
// arguments.
package watch
