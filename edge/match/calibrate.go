package match

// Which way of scanning is the fastest on this board: a short measurement on a
// text made of what the pack looks for.

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Calibration says how the automata of a pack go through a text: by one stream,
// or by four lanes that look ahead. The zero value is for packs that have no
// choice (engines da4 and cloudflare).
//
// It is a fact about a board and a pack, so that whoever measures can keep its
// text and give it to [Pack.Use] when the pack is opened again.
type Calibration struct {
	Lanes string // what lanes run on: dfa, sdfa or da8; "none": one stream is faster
	From  int    // bytes of text from which on lanes are used
	// Speeds are what was measured, in MB/s; empty: nothing was, the rest is an
	// assumption.
	Speeds []Speed
}

// Speed of a way of scanning.
type Speed struct {
	Way string // "one-stream", or what lanes run on
	MBs float64
}

const (
	lanesNone = "none"
	oneStream = "one-stream"
)

// String is for people.
func (c Calibration) String() string {
	if c.Lanes == "" {
		return "no choice"
	}
	var b strings.Builder
	if c.Lanes == lanesNone {
		b.WriteString("one stream")
	} else {
		fmt.Fprintf(&b, "four lanes on %s from %d bytes of text on", c.Lanes, c.From)
	}
	if len(c.Speeds) == 0 {
		return b.String() + ", not measured"
	}
	b.WriteString("; measured")
	for i, s := range c.Speeds {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, " %s %.0f MB/s", s.Way, s.MBs)
	}
	return b.String()
}

// MarshalText writes c as UnmarshalText reads it: lanes=dfa from=400 one-stream=174.0.
func (c Calibration) MarshalText() ([]byte, error) {
	text := fmt.Appendf(nil, "lanes=%s from=%d", c.Lanes, c.From)
	for _, s := range c.Speeds {
		text = fmt.Appendf(text, " %s=%.1f", s.Way, s.MBs)
	}
	return text, nil
}

// UnmarshalText refuses what MarshalText does not write.
func (c *Calibration) UnmarshalText(text []byte) error {
	*c = Calibration{From: -1}
	for i, field := range strings.Fields(string(text)) {
		key, value, _ := strings.Cut(field, "=")
		var err error
		switch {
		case i == 0 && key == "lanes":
			c.Lanes = value
		case i == 1 && key == "from":
			c.From, err = strconv.Atoi(value)
		case i > 1 && (key == oneStream || isLanes(key)):
			s := Speed{Way: key}
			s.MBs, err = strconv.ParseFloat(value, 64)
			c.Speeds = append(c.Speeds, s)
		default:
			err = strconv.ErrSyntax
		}
		if err != nil {
			return fmt.Errorf("no calibration: %.100q; measure again", text)
		}
	}
	if c.From < 0 || c.Lanes != "" && c.Lanes != lanesNone && !isLanes(c.Lanes) {
		return fmt.Errorf("no calibration: %.100q; measure again", text)
	}
	return nil
}

func isLanes(name string) bool { return name == EngineDA8 || name == EngineDFA || name == EngineSDFA }

// Calibration is what the pack goes by now.
func (p *Pack) Calibration() Calibration {
	e, ok := p.engine.(*automata)
	if !ok {
		return Calibration{}
	}
	a := e.largest()
	if a == nil || a.slots == nil {
		return Calibration{}
	}
	c := Calibration{Lanes: lanesNone, Speeds: e.measured}
	if a.lanes.least < math.MaxInt {
		c.Lanes, c.From = a.kernelName(), a.lanes.least
	}
	return c
}

// Use makes the pack go by c. No scan may be running. It refuses one that is of
// another kind of pack.
func (p *Pack) Use(c Calibration) error {
	e, ok := p.engine.(*automata)
	if !ok || e.largest() == nil || e.largest().slots == nil {
		if c.Lanes == "" {
			return nil
		}
		return fmt.Errorf("calibration for lanes on %s, but engine %s has none: measure again", c.Lanes, p.info.Engine)
	}
	for _, a := range []*automaton{e.exact, e.folded} {
		if a == nil {
			continue
		}
		kernel, ok := a.kernels()[c.Lanes]
		switch {
		case c.Lanes == lanesNone:
			a.lanes.least = math.MaxInt
		case !ok:
			return fmt.Errorf("calibration for lanes on %q, but the pack is for engine %s: measure again", c.Lanes, p.info.Engine)
		default:
			a.lanes = lockstep{kernel, max(c.From, leastLanes), lookMost}
		}
	}
	e.measured = c.Speeds
	return nil
}

// largest is the automaton with the most slots; nil: there is none.
func (e *automata) largest() *automaton {
	if e.exact == nil || e.folded != nil && len(e.folded.slots) > len(e.exact.slots) {
		return e.folded
	}
	return e.exact
}

// kernels are what lanes can run on.
func (a *automaton) kernels() map[string]kernel {
	ways := map[string]kernel{EngineDA8: slotLanes{a}}
	if a.dfa != nil {
		ways[EngineDFA] = a.dfa
	}
	if a.sparse != nil {
		ways[EngineSDFA] = a.sparse
	}
	return ways
}

func (a *automaton) kernelName() string {
	switch a.lanes.kernel.(type) {
	case *dfa:
		return EngineDFA
	case *sparse:
		return EngineSDFA
	}
	return EngineDA8
}

const (
	calibrationText = lookMost // bytes
	leastLanes      = 128      // fewer bytes are no use to lanes
	calibrationRuns = 5
)

// Calibrate measures for some milliseconds and makes the pack go by what it
// found. No scan may be running. The board should have nothing else to do.
func (p *Pack) Calibrate() Calibration {
	e, ok := p.engine.(*automata)
	if !ok || e.largest() == nil || e.largest().slots == nil {
		return Calibration{}
	}
	a := e.largest()
	text := a.sample(calibrationText)
	c := Calibration{Lanes: lanesNone}
	kernels := a.kernels()
	stream := measure(text, len(text), a.oneStream)
	c.Speeds = append(c.Speeds, Speed{oneStream, stream})
	best := stream
	names := make([]string, 0, len(kernels))
	for name := range kernels {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		speed := measure(text, len(text), a.lookAheadBy(kernels[name]))
		c.Speeds = append(c.Speeds, Speed{name, speed})
		if speed > best*1.05 {
			best, c.Lanes = speed, name
		}
	}
	if c.Lanes != lanesNone {
		c.From = a.lanesPayFrom(text, kernels[c.Lanes])
	}
	if err := p.Use(c); err != nil {
		return p.Calibration()
	}
	return c
}

// lanesPayFrom is the shortest piece of text that lanes are faster on, as far as
// that can be told.
func (a *automaton) lanesPayFrom(text []byte, k kernel) int {
	for size := leastLanes; size < len(text)/2; size *= 2 {
		if measure(text, size, a.lookAheadBy(k)) > 1.1*measure(text, size, a.oneStream) {
			return size
		}
	}
	return len(text) / 2
}

// measure runs scan over the text in pieces of size bytes; MB/s of the best run.
func measure(text []byte, size int, scan func(piece []byte)) float64 {
	best := time.Duration(math.MaxInt64)
	for range calibrationRuns {
		start := time.Now()
		for at := 0; at+size <= len(text); at += size {
			scan(text[at : at+size])
		}
		best = min(best, time.Since(start))
	}
	return float64(len(text)/size*size) / 1e6 / max(best.Seconds(), 1e-9)
}

func (a *automaton) oneStream(piece []byte) {
	for c := at(0); c.pos < len(piece); {
		a.next(piece, &c, len(piece))
	}
}

// lookAheadBy goes through a piece as a finder does.
func (a *automaton) lookAheadBy(k kernel) func(piece []byte) {
	measured := *a
	measured.lanes = lockstep{k, 0, lookMost}
	var f finder
	var l lanes
	return func(piece []byte) {
		f.start(0)
		f.lookAhead(&l, &measured, piece)
	}
}

// sample makes a text of beginnings of literals, as a text has them that shares
// its language with them, and of other bytes.
func (a *automaton) sample(size int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 0, size+maxDepth)
	for len(text) < size {
		slot := uint32(rootSlot)
		for range 1 + random.IntN(12) {
			c, child, ok := a.someChild(slot, random)
			if !ok {
				break
			}
			text = append(text, c)
			slot = child
		}
		for range random.IntN(8) {
			text = append(text, byte(' '+random.IntN(96)))
		}
	}
	return text[:size]
}

// someChild picks a byte that leads on from slot, if there is one.
func (a *automaton) someChild(slot uint32, random *rand.Rand) (c byte, child uint32, ok bool) {
	base := uint32(a.slots[slot]) >> baseShift
	first := random.IntN(blockSlots)
	for i := range blockSlots {
		c = byte(first + i)
		child = base ^ uint32(c)
		if byte(a.slots[child]) == c && uint32(a.slots[child])>>baseShift != rootBase {
			return c, child, true
		}
	}
	return 0, 0, false
}
