package match

// The compiled programs of a pack's regexes: built on first use, shared by all
// goroutines, and dropped together when they take too much memory.

import (
	"regexp/syntax"
	"slices"
	"sync"
	"sync/atomic"
)

// ProgramsSize is what the programs of a pack may take, in bytes; over it all are
// dropped and built again as they are used.
const ProgramsSize = programBudget

const programBudget = 32 << 20

// maxGroups is how many DFAs run on every text for regexes that require no literal.
const maxGroups = 4

// programs holds them.
type programs struct {
	regexes  []*regexRule
	hinted   []bool // per regex: it is looked at when a trigger was seen
	unhinted int
	grouping sync.Once
	alone    []uint32 // of the others: those that run one by one on every text
	groups   []*regexGroup

	mu      sync.Mutex
	size    int           // bytes of those in slots
	budget  int           // 0: programBudget
	dropped atomic.Uint32 // how often they all were
	costs   []RegexCost   // per regex
}

// regexGroup are regexes that are compiled into one program.
type regexGroup struct {
	members []uint32
	all     programSlot
}

// programSlot holds a program, or that it cannot be built.
type programSlot struct {
	program atomic.Pointer[program]
	failed  atomic.Bool
}

func (p *programs) init(regexes []*regexRule, hinted []bool) {
	p.regexes, p.hinted = regexes, hinted
	for _, is := range hinted {
		if !is {
			p.unhinted++
		}
	}
}

// divide puts the regexes without triggers into groups, on first use: it parses
// them. Those that match nearly everywhere run anyway, and those that count far
// would multiply the states of the others: they are left alone, if they are few.
func (p *programs) divide() {
	type sized struct {
		regex uint32
		insts int
	}
	var list []sized
	for i, is := range p.hinted {
		if is {
			continue
		}
		insts, alone := p.complexity(i)
		if alone && len(p.alone) < maxAlone {
			p.alone = append(p.alone, uint32(i))
			continue
		}
		list = append(list, sized{uint32(i), insts})
	}
	// Small ones together have fewer states than with large ones.
	slices.SortStableFunc(list, func(a, b sized) int { return a.insts - b.insts })
	groups := min(maxGroups, (len(list)+groupAtLeast-1)/groupAtLeast)
	for at, r := range list {
		if len(p.groups) < groups && at*groups >= len(list)*len(p.groups) {
			p.groups = append(p.groups, &regexGroup{})
		}
		group := p.groups[len(p.groups)-1]
		group.members = append(group.members, r.regex)
	}
}

// complexity of a regex: about how many instructions it has, and whether it is
// better left alone.
func (p *programs) complexity(regex int) (insts int, alone bool) {
	tree, err := checkRegex(p.regexes[regex].source())
	if err != nil {
		return 0, true
	}
	insts = estimateInsts(tree, maxInsts)
	least, _ := lengths(tree)
	return insts, insts > instsAlone || least <= 1
}

const (
	groupAtLeast = 8   // regexes that are not divided into groups
	maxAlone     = 8   // regexes that run one by one on every text
	instsAlone   = 300 // from which on they do
)

// get returns the program of a machine: 2i is regex i, 2i+1 the same reversed,
// those behind are groups. nil: it cannot be built.
func (p *programs) get(id uint32) *program {
	slot := p.slot(id)
	if program := slot.program.Load(); program != nil || slot.failed.Load() {
		return program
	}
	return p.build(id, slot)
}

func (p *programs) slot(id uint32) *programSlot {
	switch i := int(id / 2); {
	case i >= len(p.regexes):
		return &p.groups[int(id)-2*len(p.regexes)].all
	case id%2 == 0:
		return &p.regexes[i].forward
	default:
		return &p.regexes[i].backward
	}
}

func (p *programs) groupID(group int) uint32 { return uint32(2*len(p.regexes) + group) }

func (p *programs) build(id uint32, slot *programSlot) *program {
	built, err := p.compile(id)
	if err != nil { // of a pack that this package did not build, or a group too large
		slot.failed.Store(true)
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if other := slot.program.Load(); other != nil {
		return other
	}
	budget := p.budget
	if budget == 0 {
		budget = programBudget
	}
	if p.size += built.size(); p.size > budget {
		p.drop()
		p.size = built.size()
	}
	slot.program.Store(built)
	return built
}

// drop empties all slots. Scratches let go of what they have from there when
// they are used next.
func (p *programs) drop() {
	for _, r := range p.regexes {
		r.forward.program.Store(nil)
		r.backward.program.Store(nil)
	}
	for _, g := range p.groups { // divided before any of them was built
		g.all.program.Store(nil)
	}
	p.dropped.Add(1)
}

func (p *programs) compile(id uint32) (*program, error) {
	members := []uint32{id / 2}
	if i := int(id) - 2*len(p.regexes); i >= 0 {
		members = p.groups[i].members
	}
	trees := make([]*syntax.Regexp, len(members))
	for i, regex := range members {
		tree, err := checkRegex(p.regexes[regex].source())
		if err != nil {
			return nil, err
		}
		if int(id) < 2*len(p.regexes) && id%2 == 1 {
			tree = reversed(tree)
		}
		trees[i] = tree
	}
	return compileProgram(trees...)
}
