package follow

// The file of values: slots of fixed size, with two copies written in turn. A crash in the
// middle of a write leaves the old value.

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"sync"
)

// Layout of a copy, little endian:
//
//	 0  4  CRC-32C of all that follows
//	 4  4  "trw1"
//	 8  8  number of the write to this slot, from 1
//	16  2  length of the value, 0: the slot is free
//	18     value, then zeros
//
// Slot i has its copies at i*1024 and i*1024+512; odd writes go to the second.
const (
	copySize  = 512
	copyHead  = 18
	maxValue  = copySize - copyHead
	maxSlots  = 4096
	copyMagic = "trw1"
)

// slots is an open file of slots. Its methods may be called by several goroutines.
type slots struct {
	mu      sync.Mutex
	file    *os.File
	writes  []uint64 // number of the last write, by slot
	changed bool     // since the last call of takeChanged
	block   [copySize]byte
}

// slotValue is the value of a slot.
type slotValue struct {
	slot  int
	value []byte
}

// parseSlots returns the values in a file, for each slot the last value with a right checksum,
// and the numbers of the last writes. damaged counts the slots of which
// nothing can be read.
func parseSlots(data []byte) (values []slotValue, writes []uint64, damaged int) {
	data = data[:min(len(data), maxSlots*2*copySize)]
	writes = make([]uint64, (len(data)+2*copySize-1)/(2*copySize))
	for i := range writes {
		var last []byte
		written := false
		for which := range 2 {
			at := (2*i + which) * copySize
			if at+copySize > len(data) {
				break
			}
			number, value, ok := parseCopy(data[at : at+copySize])
			if ok && number > writes[i] && number%2 == uint64(which) {
				writes[i], last = number, value
			}
			written = written || !ok && !isZero(data[at:at+copySize])
		}
		switch {
		case len(last) > 0:
			values = append(values, slotValue{i, last})
		case writes[i] == 0 && written:
			damaged++
		}
	}
	return values, writes, damaged
}

func parseCopy(b []byte) (number uint64, value []byte, ok bool) {
	length := int(binary.LittleEndian.Uint16(b[16:]))
	if string(b[4:8]) != copyMagic || length > maxValue || binary.LittleEndian.Uint32(b) != checksum(b[4:]) {
		return 0, nil, false
	}
	return binary.LittleEndian.Uint64(b[8:]), b[copyHead : copyHead+length], true
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// write replaces the value of a slot; an empty value frees it.
func (s *slots) write(slot int, value []byte) error {
	if slot < 0 || slot >= maxSlots || len(value) > maxValue {
		return fmt.Errorf("no room for %d bytes in slot %d of %s", len(value), slot, s.file.Name())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.writes) <= slot {
		s.writes = append(s.writes, 0)
	}
	number := s.writes[slot] + 1
	b := s.block[:]
	copy(b[4:], copyMagic)
	binary.LittleEndian.PutUint64(b[8:], number)
	binary.LittleEndian.PutUint16(b[16:], uint16(len(value)))
	clear(b[copyHead+copy(b[copyHead:], value):])
	binary.LittleEndian.PutUint32(b, checksum(b[4:]))
	if _, err := s.file.WriteAt(b, int64(slot)*2*copySize+int64(number%2)*copySize); err != nil {
		return err // the other copy still holds the value of before
	}
	s.writes[slot] = number
	s.changed = true
	return nil
}

// takeChanged returns the whole file if a slot was written since the last call, else nil.
func (s *slots) takeChanged() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.changed {
		return nil, nil
	}
	data := make([]byte, len(s.writes)*2*copySize)
	n, err := s.file.ReadAt(data, 0)
	if n == 0 {
		return nil, err
	}
	s.changed = false
	return data[:n], nil
}
