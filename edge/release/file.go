package release

// The release file, pii-8.release: document, signature and chunks in one file that can be
// written and read as a stream.
//
//	"trawlrel"  8 bytes
//	version     4 bytes, 1
//	lengths     4 bytes of the document, 4 of the signature (0: not signed)
//	document, signature
//	chunks      for each hash of the document, in order, each hash once:
//	            4 bytes of its length, the compressed bytes
//
// Numbers are big-endian. Nothing follows the last chunk.

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	fileMagic   = "trawlrel"
	fileVersion = 1
	fileHead    = 8 + 4 + 4 + 4
	// MaxHead is the most bytes of a release file before the first chunk.
	MaxHead = fileHead + MaxDocument + MaxSignature
	// FileEnding is what names of release files end with.
	FileEnding = ".release"
)

// FileName is the usual name of a release file: pii-8.release.
func FileName(set string, number uint64) string {
	return fmt.Sprintf("%s-%d%s", set, number, FileEnding)
}

// ErrNotRelease is behind the error for what is no release file at all.
var ErrNotRelease = errors.New("not a release file")

// IsFile reports whether a file that begins with head is a release file. Eight bytes are
// enough.
func IsFile(head []byte) bool {
	return len(head) >= len(fileMagic) && string(head[:len(fileMagic)]) == fileMagic
}

// AppendHead appends what a release file has before the first chunk.
func (r *Release) AppendHead(dst []byte) []byte {
	dst = append(dst, fileMagic...)
	dst = binary.BigEndian.AppendUint32(dst, fileVersion)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(r.Bytes)))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(r.Signature)))
	dst = append(dst, r.Bytes...)
	return append(dst, r.Signature...)
}

// ReadHead reads what a release file has before the first chunk.
func ReadHead(r io.Reader) (*Release, error) {
	var head [fileHead]byte
	if n, err := io.ReadFull(r, head[:]); err != nil && !isShort(err) {
		return nil, err
	} else if n < fileHead || !IsFile(head[:]) {
		return nil, fmt.Errorf("%w; trawl rules release makes them", ErrNotRelease)
	}
	if v := binary.BigEndian.Uint32(head[8:]); v != fileVersion {
		return nil, fmt.Errorf("a release file of version %d, and this trawl reads version %d: use a trawl of the same age as the one that made the file", v, fileVersion)
	}
	document, signature := binary.BigEndian.Uint32(head[12:]), binary.BigEndian.Uint32(head[16:])
	if document > MaxDocument || signature > MaxSignature {
		return nil, fmt.Errorf("damaged release file: a document of %d bytes with a signature of %d; copy or make the file anew", document, signature)
	}
	text := make([]byte, document+signature)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, cutShort(err)
	}
	return Parse(text[:document], text[document:])
}

func isShort(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// cutShort is the error of a read that should have found more.
func cutShort(err error) error {
	if isShort(err) {
		return errors.New("damaged release file: the file was cut short; copy or make the file anew")
	}
	return err
}

// ParseHead is ReadHead of a file that holds nothing else, as the stores keep it.
func ParseHead(data []byte) (*Release, error) {
	r := reader{rest: data}
	rel, err := ReadHead(&r)
	if err == nil && len(r.rest) > 0 {
		err = errors.New("damaged head of a release: something follows the signature")
	}
	if err != nil {
		return nil, err
	}
	return rel, nil
}

type reader struct{ rest []byte }

func (r *reader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Write writes a release file. open opens a member, whose content has to be what the document
// says.
func Write(w io.Writer, r *Release, open func(name string) (io.ReadCloser, error)) error {
	if _, err := w.Write(r.AppendHead(nil)); err != nil {
		return err
	}
	written := make(map[Hash]bool)
	var c Compressor
	for i := range r.Members {
		if err := writeMember(w, &r.Members[i], open, &c, written); err != nil {
			return err
		}
	}
	return nil
}

func writeMember(w io.Writer, m *Member, open func(string) (io.ReadCloser, error), c *Compressor, written map[Hash]bool) error {
	f, err := open(m.Name)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := make([]byte, ChunkSize)
	for i, hash := range m.Chunks {
		plain := buf[:m.ChunkSize(i)]
		if _, err := io.ReadFull(f, plain); err != nil && !isShort(err) {
			return err
		} else if err != nil || HashOf(plain) != hash {
			return changed(m)
		}
		if written[hash] {
			continue
		}
		written[hash] = true
		compressed, err := c.Compress(plain)
		if err != nil {
			return err
		}
		var length [4]byte
		binary.BigEndian.PutUint32(length[:], uint32(len(compressed)))
		if _, err := w.Write(length[:]); err != nil {
			return err
		}
		if _, err := w.Write(compressed); err != nil {
			return err
		}
	}
	if n, err := f.Read(buf[:1]); n > 0 {
		return changed(m)
	} else if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func changed(m *Member) error {
	return fmt.Errorf("%s was changed while the release was made: make the release again", m.Name)
}

// Chunk is a chunk of a release file.
type Chunk struct {
	ChunkRef
	Compressed []byte
	Plain      []byte
}

// Reader reads a release file, one chunk after the other, each held against its hash.
type Reader struct {
	Release *Release

	in       *bufio.Reader
	left     []ChunkRef
	buf      []byte
	inflater Inflater
}

// NewReader reads the head of a release file.
func NewReader(r io.Reader) (*Reader, error) {
	const buffer = 64 << 10
	in := bufio.NewReaderSize(r, buffer)
	release, err := ReadHead(in)
	if err != nil {
		return nil, err
	}
	return &Reader{Release: release, in: in, left: release.Chunks()}, nil
}

// Next returns the next chunk, and io.EOF at the end of the file. The chunk's bytes hold until
// the next call.
func (r *Reader) Next() (Chunk, error) {
	if len(r.left) == 0 {
		if _, err := r.in.ReadByte(); err == nil {
			return Chunk{}, errors.New("damaged release file: something follows the last chunk; copy or make the file anew")
		} else if !errors.Is(err, io.EOF) {
			return Chunk{}, err
		}
		return Chunk{}, io.EOF
	}
	var length [4]byte
	if _, err := io.ReadFull(r.in, length[:]); err != nil {
		return Chunk{}, cutShort(err)
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > MaxCompressed {
		return Chunk{}, fmt.Errorf("damaged release file: a chunk of %d bytes; copy or make the file anew", n)
	}
	if cap(r.buf) < int(n) {
		r.buf = make([]byte, n)
	}
	compressed := r.buf[:n]
	if _, err := io.ReadFull(r.in, compressed); err != nil {
		return Chunk{}, cutShort(err)
	}
	ref := r.left[0]
	plain, err := r.inflater.Inflate(compressed, ref)
	if err != nil {
		return Chunk{}, fmt.Errorf("damaged release file: %w; copy or make the file anew", err)
	}
	r.left = r.left[1:]
	return Chunk{ref, compressed, plain}, nil
}
