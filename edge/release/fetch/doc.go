// Package fetch brings the chunks of a release from brokers to a worker: what a worker asks
// for next ([Fetcher]), and in which order, and how fast, a broker answers ([Turns]).
//
// A worker asks one broker for one part at a time and waits. So nothing needs a window, a queue or a
// priority, and a worker that restarts or changes the broker loses one chunk at most: chunks
// are compressed by whoever pushed, so the parts of a chunk come from one broker.
//
// Nothing here has a goroutine or a clock: the caller says what has happened and when.
package fetch
