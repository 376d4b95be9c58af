package match

// The compiled programs of a pack's regexes. They are built on first use, shared by all goroutines,
// and dropped together when they take too much memory.

import (
	"regexp/syntax"
	"slices"
	"sync"
	"sync/atomic"

	"trawl/edge/match/internal/lazydfa"
)

// ProgramsSize is how many bytes the programs of a pack may take. When they take more, all programs
// are dropped and built again as they are used.
const ProgramsSize = programBudget

const programBudget = 32 << 20

// programs holds the regexes of a pack and their programs.
type programs struct {
	regexes  []*regexRule
	hinted   []bool // per regex: it has a trigger
	unhinted int    // number of regexes without triggers
	// Regexes without triggers are divided when the first scratch needs them.
	grouping  sync.Once
	ungrouped []uint32      // run one by one on every text
	groups    []*regexGroup // run together on every text

	mu      sync.Mutex    // guards size and costs, and programs while they are stored
	size    int           // bytes of all programs
	budget  int           // bound of size; 0: programBudget
	dropped atomic.Uint32 // how often all programs were dropped
	costs   []RegexCost   // per regex
}

// regexGroup are regexes compiled into a single program.
type regexGroup struct {
	members []uint32
	all     lazyProgram
}

// lazyProgram is a program built on first use.
type lazyProgram struct {
	program atomic.Pointer[lazydfa.Program]
	failed  atomic.Bool // the program cannot be built
}

func (p *programs) init(regexes []*regexRule, hinted []bool) {
	p.regexes, p.hinted = regexes, hinted
	for _, hasTrigger := range hinted {
		if !hasTrigger {
			p.unhinted++
		}
	}
}

// divide parses the regexes without triggers and puts the regexes into groups. A regex matching
// nearly everywhere would run anyway, and a regex counting far would multiply the states of a
// group: a few such regexes stay ungrouped.
func (p *programs) divide() {
	type sized struct {
		regex uint32
		insts int
	}
	var list []sized
	for i, hasTrigger := range p.hinted {
		if hasTrigger {
			continue
		}
		insts, ungrouped := p.complexity(i)
		if ungrouped && len(p.ungrouped) < maxUngrouped {
			p.ungrouped = append(p.ungrouped, uint32(i))
			continue
		}
		list = append(list, sized{uint32(i), insts})
	}
	// Small regexes have fewer states together than with large ones.
	slices.SortStableFunc(list, func(a, b sized) int { return a.insts - b.insts })
	groups := min(maxGroups, (len(list)+minGroup-1)/minGroup)
	for at, r := range list {
		if len(p.groups) < groups && at*groups >= len(list)*len(p.groups) {
			p.groups = append(p.groups, &regexGroup{})
		}
		group := p.groups[len(p.groups)-1]
		group.members = append(group.members, r.regex)
	}
}

// complexity is about how many instructions a regex has, and whether it is better left ungrouped.
func (p *programs) complexity(regex int) (insts int, ungrouped bool) {
	tree, err := checkRegex(p.regexes[regex].source())
	if err != nil {
		return 0, true
	}
	insts = lazydfa.EstimateInsts(tree)
	shortest, _ := lazydfa.Lengths(tree)
	return insts, insts > maxGroupedInsts || shortest <= 1
}

const (
	maxGroups       = 4   // DFAs running on every text for regexes without triggers
	minGroup        = 8   // regexes needing no second group
	maxUngrouped    = 8   // regexes running one by one on every text
	maxGroupedInsts = 300 // instructions of a regex grouped in any case
)

// get returns the program of a machine; nil: it cannot be built. Machine 2i is regex i, machine
// 2i+1 is regex i reversed, and the machines behind those are groups.
func (p *programs) get(id uint32) *lazydfa.Program {
	lazy := p.lazy(id)
	if program := lazy.program.Load(); program != nil || lazy.failed.Load() {
		return program
	}
	return p.build(id, lazy)
}

func (p *programs) lazy(id uint32) *lazyProgram {
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

func (p *programs) build(id uint32, lazy *lazyProgram) *lazydfa.Program {
	built, err := p.compile(id)
	if err != nil { // the pack was not built by this package, or a group is too large
		lazy.failed.Store(true)
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if other := lazy.program.Load(); other != nil {
		return other
	}
	budget := p.budget
	if budget == 0 {
		budget = programBudget
	}
	if p.size += built.Bytes(); p.size > budget {
		p.drop()
		p.size = built.Bytes()
	}
	lazy.program.Store(built)
	return built
}

// drop drops all programs; p.mu must be held. A scratch lets go of programs in its next scan.
func (p *programs) drop() {
	for _, r := range p.regexes {
		r.forward.program.Store(nil)
		r.backward.program.Store(nil)
	}
	for _, g := range p.groups { // groups are divided before any program is built
		g.all.program.Store(nil)
	}
	p.dropped.Add(1)
}

func (p *programs) compile(id uint32) (*lazydfa.Program, error) {
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
			tree = lazydfa.Reverse(tree)
		}
		trees[i] = tree
	}
	return lazydfa.Compile(trees...)
}
