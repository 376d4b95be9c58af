package release

// Chunks: members are cut into pieces of 1 MiB, each compressed alone and named by the
// SHA-256 of its plain bytes.

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
)

const (
	// ChunkSize is how many plain bytes a chunk has, the last of a member aside.
	ChunkSize = 1 << 20
	// MaxCompressed is the most bytes of a compressed chunk. What cannot be compressed grows
	// by 5 bytes for each 64 KiB (RFC 1951, section 3.2.4).
	MaxCompressed = ChunkSize + 1<<10
)

// Compressor compresses one chunk after the other. The zero value is ready for use; not safe for
// concurrent use.
type Compressor struct {
	out    bytes.Buffer
	writer *flate.Writer
}

// Compress returns plain, which has at most ChunkSize bytes, compressed. The result holds
// until the next call.
func (c *Compressor) Compress(plain []byte) ([]byte, error) {
	c.out.Reset()
	if c.writer == nil {
		w, err := flate.NewWriter(&c.out, flate.BestCompression)
		if err != nil {
			return nil, err
		}
		c.writer = w
	} else {
		c.writer.Reset(&c.out)
	}
	_, err := c.writer.Write(plain)
	if err == nil {
		err = c.writer.Close()
	}
	if err == nil && c.out.Len() > MaxCompressed {
		err = fmt.Errorf("%d bytes were compressed to %d", len(plain), c.out.Len())
	}
	if err != nil {
		return nil, fmt.Errorf("compress a chunk: %w", err)
	}
	return c.out.Bytes(), nil
}

// ErrChunk is behind the error for a chunk that does not hold what its hash says.
var ErrChunk = errors.New("damaged chunk")

// Inflater inflates one chunk after the other. The zero value is ready for use; not safe for
// concurrent use.
type Inflater struct {
	in     bytes.Reader
	reader io.ReadCloser
	out    []byte
}

// Inflate returns the plain bytes of a compressed chunk, which is held against size and
// hash. Not more than size bytes are ever inflated. The result holds until the next call.
func (i *Inflater) Inflate(compressed []byte, ref ChunkRef) ([]byte, error) {
	if len(compressed) > MaxCompressed || ref.Size < 1 || ref.Size > ChunkSize {
		return nil, fmt.Errorf("%w: %d bytes compressed, %d inflated", ErrChunk, len(compressed), ref.Size)
	}
	i.in.Reset(compressed)
	if i.reader == nil {
		i.reader = flate.NewReader(&i.in)
	} else if err := i.reader.(flate.Resetter).Reset(&i.in, nil); err != nil {
		return nil, err
	}
	if cap(i.out) < ref.Size {
		i.out = make([]byte, ref.Size)
	}
	plain := i.out[:ref.Size]
	if n, err := io.ReadFull(i.reader, plain); err != nil {
		return nil, fmt.Errorf("%w: %d of %d bytes can be inflated", ErrChunk, n, ref.Size)
	}
	var behind [1]byte
	if n, err := i.reader.Read(behind[:]); n > 0 || !errors.Is(err, io.EOF) || i.in.Len() > 0 {
		return nil, fmt.Errorf("%w: more than its %d bytes", ErrChunk, ref.Size)
	}
	if HashOf(plain) != ref.Hash {
		return nil, fmt.Errorf("%w: the content is not that of %s", ErrChunk, ref.Hash)
	}
	return plain, nil
}

// Split reads a member to its end and returns its size and the hashes of its chunks.
func Split(r io.Reader) (size int64, chunks []Hash, err error) {
	buf := make([]byte, ChunkSize)
	for {
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			size += int64(n)
			chunks = append(chunks, HashOf(buf[:n]))
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return size, chunks, nil
		case err != nil:
			return 0, nil, err
		case size > MaxBundle:
			return 0, nil, fmt.Errorf("more than %d bytes, the most that a release may have", MaxBundle)
		}
	}
}
