package match

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"testing"
)

// tableOf returns the section table of a pack as it lies; nil if the number of
// sections cannot be right.
func tableOf(data []byte) []byte {
	count := binary.LittleEndian.Uint32(data[atCount:])
	if count > maxSections || headerSize+int(count)*tableEntry > len(data) {
		return nil
	}
	return data[len(data)-int(count)*tableEntry:]
}

// rawSection is a section of a pack, as it lies.
type rawSection struct {
	kind uint32
	data []byte
}

// sectionsOf takes apart a pack whose table can be followed.
func sectionsOf(data []byte) []rawSection {
	var list []rawSection
	for table := tableOf(data); len(table) > 0; table = table[tableEntry:] {
		at, size := binary.LittleEndian.Uint64(table[8:]), binary.LittleEndian.Uint64(table[16:])
		list = append(list, rawSection{binary.LittleEndian.Uint32(table), data[at : at+size : at+size]})
	}
	return list
}

// packOf puts sections together, with checksums and hash as they should be.
func packOf(t testing.TB, list []rawSection) []byte {
	t.Helper()
	var sections []section
	for _, s := range list {
		sections = append(sections, bytesSection(s.kind, s.data))
	}
	f := &memoryFile{}
	if _, err := writePack(f, sections); err != nil {
		t.Fatal(err)
	}
	return f.data
}

// canSeal says whether the section table can be followed at all.
func canSeal(data []byte) bool {
	for table := tableOf(data); len(table) > 0; table = table[tableEntry:] {
		at, size := binary.LittleEndian.Uint64(table[8:]), binary.LittleEndian.Uint64(table[16:])
		if at > uint64(len(data)) || size > uint64(len(data))-at {
			return false
		}
	}
	return tableOf(data) != nil
}

// sealPack makes the checksums and the hash right again, as someone who wants
// to break in would.
func sealPack(data []byte) {
	for table := tableOf(data); len(table) > 0; table = table[tableEntry:] {
		at, size := binary.LittleEndian.Uint64(table[8:]), binary.LittleEndian.Uint64(table[16:])
		binary.LittleEndian.PutUint32(table[4:], crc32.Checksum(data[at:at+size], castagnoli))
	}
	hash := sha256.Sum256(data[headerSize:])
	copy(data[atHash:], hash[:])
	binary.LittleEndian.PutUint32(data[atChecksum:], headerChecksum(data, tableOf(data)))
}

// setSection overwrites a number of a section and seals the pack.
func setSection(data []byte, kind uint32, at int, value uint64, size int) []byte {
	data = bytes.Clone(data)
	for _, s := range sectionsOf(data) {
		if s.kind == kind {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], value)
			copy(s.data[at:], b[:size])
		}
	}
	sealPack(data)
	return data
}

// withSection gives a section another length and seals the pack.
func withSection(t testing.TB, data []byte, kind uint32, size int) []byte {
	t.Helper()
	list := sectionsOf(data)
	for i := range list {
		if s := &list[i]; s.kind == kind {
			s.data = append(bytes.Clone(s.data), make([]byte, size)...)[:size]
		}
	}
	return packOf(t, list)
}
