package match

// Which way of scanning is the fastest on this board: a short measurement, on a text made of the
// literals of the pack.

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Calibration says how the automata of a pack go through a text: by a single stream, or by four
// lanes looking ahead. The zero value is for packs without choice (engines da4 and cloudflare).
//
// A calibration is a fact about a board and a pack. Its text can be kept and given to [Pack.Use]
// when the pack is opened again.
type Calibration struct {
	Lanes string // what lanes run on: dfa, sdfa or da8; "none": one stream is faster
	From  int    // bytes of text from which on lanes are used
	// Speeds were measured. Without speeds nothing was measured, and Lanes and From are assumed.
	Speeds []Speed
}

// Speed of a way of scanning.
type Speed struct {
	Way string // "one-stream", or what lanes run on
	MBs float64
}

const (
	noLanes   = "none"
	oneStream = "one-stream"
)

// String writes c for people.
func (c Calibration) String() string {
	if c.Lanes == "" {
		return "no choice"
	}
	var b strings.Builder
	if c.Lanes == noLanes {
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
	if c.From < 0 || c.Lanes != "" && c.Lanes != noLanes && !isLanes(c.Lanes) {
		return fmt.Errorf("no calibration: %.100q; measure again", text)
	}
	return nil
}

// isLanes says whether lanes can run on what has this name: the double array, or the tables of an
// engine.
func isLanes(name string) bool {
	return slices.ContainsFunc(engines, func(e *engine) bool { return e.name == name && (e.tables || name == EngineDA8) })
}

// Calibration is what the pack goes by now.
func (p *Pack) Calibration() Calibration {
	e, ok := p.matcher.(*searcher)
	if !ok {
		return Calibration{}
	}
	a := e.largest()
	if a == nil || a.cells == nil {
		return Calibration{}
	}
	c := Calibration{Lanes: noLanes, Speeds: e.measured}
	if a.lanes.min < math.MaxInt {
		c.Lanes, c.From = a.lanesName(), a.lanes.min
	}
	return c
}

// Use makes the pack go by c. No scan may be running. It refuses a calibration belonging to another
// kind of pack.
func (p *Pack) Use(c Calibration) error {
	e, ok := p.matcher.(*searcher)
	if !ok || e.largest() == nil || e.largest().cells == nil {
		if c.Lanes == "" {
			return nil
		}
		return fmt.Errorf("calibration for lanes on %s, but engine %s has none: measure again", c.Lanes, p.info.Engine)
	}
	for _, a := range []*automaton{e.exact, e.folded} {
		if a == nil {
			continue
		}
		s, ok := a.steppers()[c.Lanes]
		switch {
		case c.Lanes == noLanes:
			a.lanes.min = math.MaxInt
		case !ok:
			return fmt.Errorf("calibration for lanes on %q, but the pack is for engine %s: measure again", c.Lanes, p.info.Engine)
		default:
			a.lanes = lookahead{s, max(c.From, minLanes), maxLookAhead}
		}
	}
	e.measured = c.Speeds
	return nil
}

// largest is the automaton with the most cells; nil: there is no automaton.
func (e *searcher) largest() *automaton {
	if e.exact == nil || e.folded != nil && len(e.folded.cells) > len(e.exact.cells) {
		return e.folded
	}
	return e.exact
}

// steppers returns what lanes can run on, by name.
func (a *automaton) steppers() map[string]stepper {
	list := map[string]stepper{EngineDA8: cellStepper{a}}
	if a.table != nil {
		list[a.engine.name] = a.table
	}
	return list
}

// lanesName is the name of what lanes run on.
func (a *automaton) lanesName() string {
	if _, ok := a.lanes.stepper.(cellStepper); ok {
		return EngineDA8
	}
	return a.engine.name
}

const (
	calibrationText = maxLookAhead // bytes
	minLanes        = 128          // lanes are of no use to fewer bytes
	calibrationRuns = 5
)

// Calibrate measures for some milliseconds and makes the pack go by the result. No scan may be
// running. The board should have nothing else to do.
func (p *Pack) Calibrate() Calibration {
	e, ok := p.matcher.(*searcher)
	if !ok || e.largest() == nil || e.largest().cells == nil {
		return Calibration{}
	}
	a := e.largest()
	text := a.sample(calibrationText)
	c := Calibration{Lanes: noLanes}
	steppers := a.steppers()
	stream := measure(text, len(text), a.oneStream)
	c.Speeds = append(c.Speeds, Speed{oneStream, stream})
	best := stream
	names := make([]string, 0, len(steppers))
	for name := range steppers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		speed := measure(text, len(text), a.lookAheadBy(steppers[name]))
		c.Speeds = append(c.Speeds, Speed{name, speed})
		if speed > best*1.05 {
			best, c.Lanes = speed, name
		}
	}
	if c.Lanes != noLanes {
		c.From = a.lanesPayFrom(text, steppers[c.Lanes])
	}
	if err := p.Use(c); err != nil {
		return p.Calibration()
	}
	return c
}

// lanesPayFrom is about the length of the shortest piece of text on which lanes are faster.
func (a *automaton) lanesPayFrom(text []byte, s stepper) int {
	for size := minLanes; size < len(text)/2; size *= 2 {
		if measure(text, size, a.lookAheadBy(s)) > 1.1*measure(text, size, a.oneStream) {
			return size
		}
	}
	return len(text) / 2
}

// measure runs scan over the text in pieces of size bytes and returns the MB/s of the best run.
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

// lookAheadBy returns a function going through a piece of text as a finder with lanes does.
func (a *automaton) lookAheadBy(s stepper) func(piece []byte) {
	measured := *a
	measured.lanes = lookahead{s, 0, maxLookAhead}
	var f finder
	var l lanes
	return func(piece []byte) {
		f.start(0)
		f.lookAhead(&l, &measured, piece)
	}
}

// sample makes a text of beginnings of literals and of other bytes, like a text in the language of
// the literals.
func (a *automaton) sample(size int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 0, size+maxDepth)
	for len(text) < size {
		cell := uint32(rootCell)
		for range 1 + random.IntN(12) {
			c, child, ok := a.someChild(cell, random)
			if !ok {
				break
			}
			text = append(text, c)
			cell = child
		}
		for range random.IntN(8) {
			text = append(text, byte(' '+random.IntN(96)))
		}
	}
	return text[:size]
}

// someChild picks a byte leading from a state to a child, if there is one.
func (a *automaton) someChild(cell uint32, random *rand.Rand) (c byte, child uint32, ok bool) {
	base := uint32(a.cells[cell]) >> baseShift
	first := random.IntN(blockCells)
	for i := range blockCells {
		c = byte(first + i)
		child = base ^ uint32(c)
		if byte(a.cells[child]) == c && uint32(a.cells[child])>>baseShift != rootBase {
			return c, child, true
		}
	}
	return 0, 0, false
}
