// Package watch follows logs and messages, matches them, and tells somebody: `trawl watch`.
//
//	err := watch.Run(ctx, watch.Options{
//		Board:   "attic",
//		Matcher: func() (watch.Matcher, error) { return watch.Here(packs, []string{"default"}), nil },
//		Sources: []watch.SourceOptions{{Name: "journal", Source: journal}},
//		Sinks:   []watch.SinkOptions{{Name: "phone", Sink: webhook, DropOldest: true}},
//	}) // until ctx ends, or all input has ended and all events were sent
//
// The way of a record, with the file that each step is in:
//
//	source.go source_*.go   a file, the journal, a message      → batches of records
//	match.go match_*.go     rules here or a fleet               → matches
//	event.go watch.go       a match in its record               → an Event
//	filter.go limit.go      which sink is to hear of it, and how often
//	queue.go queuefile.go   events that a sink has not taken yet
//	sink.go sink_*.go       a stream, a file, a webhook, a program, a topic
//
// Each source has a goroutine, which matches and then puts the events into the queues of
// all sinks; each sink has one that empties its queue. A source learns that a batch is safe
// (Batch.Ack) when its events are in the queues, whose files survive a crash (store.go).
// After a crash the batch that was under way comes again, and its events with the same ids.
//
// A sink that is away keeps its queue, within bounds. Then it either drops its oldest
// events, or the sources wait, as they can: files and the journal are read no further,
// connections neither, MQTT is not acknowledged. Datagrams that find no room are counted.
//
// What a record says is text of strangers. Templates fill it into addresses, headers,
// topics and texts, each with the escapes of its place, and programs get it as whole
// arguments.
package watch
