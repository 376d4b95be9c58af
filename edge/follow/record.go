package follow

// Records, and the batches that they come in.

// Record is a line, several lines ([Options.Start]), or a piece of either. It stays valid
// until its batch is acknowledged.
type Record struct {
	Path   string // of the log, as the patterns find it: a rest read from PATH.1 has PATH
	Inode  uint64 // of the file, 0 for standard input
	Offset int64  // of Text in the file, or in what the compressed file holds
	Text   []byte // without the last line feed

	// Overlap is how many bytes at the beginning of Text were the end of the piece before.
	Overlap int
	// Continued: the line, or the record of several lines, began in an earlier record.
	Continued bool
	// Cut: the line goes on in the next record (over 1 MiB), or has no end, since the file
	// or the input ended there.
	Cut bool
	// Redelivered: the record may have been handed over before. It is set after a reader
	// ended without a clean stop, for what the files held when this one started.
	Redelivered bool
}

// Batch is up to 64 records, of one file or of several.
type Batch struct {
	Records []Record
	// contains filtered or unexported fields
}

// Ack says that what came of the batch is safe, so that a restart goes on behind it. The
// batch and its records must not be used afterwards. Ack may be called by any goroutine,
// once.
func (b *Batch) Ack() {}
