package match

// What goes into a pack: rules, the options of a compilation, and the errors of wrong rules.

import "errors"

// Rule is one thing to look for: any of some literals, or one regular expression.
type Rule struct {
	// ID names the rule in results. Without an ID the rule needs exactly one literal, which is the
	// name; a literal that is not UTF-8 gives the name "hex:" and the bytes in hex.
	ID string

	// Exactly one of these two is set.
	Literals [][]byte // any of these byte strings
	Regex    string   // RE2 syntax, as package regexp has it

	// NoCase ignores case by Unicode simple folding. On a regex it means (?i).
	NoCase bool
	// Whole asks for literals that are neither preceded nor followed by a word character (a Unicode
	// letter, a digit or '_'). Combining marks and joiners belong to the character before them.
	Whole bool

	// Metadata is handed back with a match; it does not change what matches.
	Tags     []string
	Severity string
	Message  string
	Data     []byte // JSON; match does not look into it
}

// Engines that [Options] can name.
const (
	EngineAuto       = "auto"       // dfa if the tables fit the cache, else sdfa if the tables do, else da8
	EngineDA8        = "da8"        // double array with failure links
	EngineDA4        = "da4"        // double array without failure links: the smallest, and the slowest
	EngineDFA        = "dfa"        // da8 with tables of all transitions: several times faster and larger
	EngineSDFA       = "sdfa"       // da8 with tables of the transitions to deep states: between the two
	EngineCloudflare = "cloudflare" // github.com/cloudflare/ahocorasick: rules and any only
)

// Options of a compilation. The zero value is good.
type Options struct {
	Engine string // one of the Engine constants; empty means auto
	Name   string // name of the rule set, kept in the pack
	Budget int64  // bytes of memory that the pack may take (Choice.Memory); 0: no bound
	// Text is how many bytes of text the pack is made for, if known: auto leaves out tables that
	// would take longer to build than they save. 0: any number.
	Text int64
	// Cache is the size in bytes of the last-level cache of the board that will run the pack: auto
	// takes tables that fit. 0: DefaultCache.
	Cache int64
}

// Errors of [Builder.Add], [Builder.Pack] and [Builder.Write]; errors.Is finds each behind a
// message with the details.
var (
	ErrDuplicateID   = errors.New("duplicate id")
	ErrNoID          = errors.New("a rule without an id needs exactly one literal")
	ErrEmptyPattern  = errors.New("empty pattern")
	ErrPatternKind   = errors.New("a rule needs literals or a regex, not both")
	ErrRegex         = errors.New("regex does not compile")
	ErrEmptyMatch    = errors.New("regex can match the empty string")
	ErrNotUTF8       = errors.New("not valid UTF-8")
	ErrWholeRegex    = errors.New(`whole does not apply to a regex, write \b in it`)
	ErrUnknownEngine = errors.New("unknown engine")
	ErrUnsupported   = errors.New("not supported by this engine")
	ErrTooLarge      = errors.New("rules too large for one pack")
	ErrBudget        = errors.New("over the memory budget")
	ErrCompiled      = errors.New("the rules are compiled already: start a new builder")
)
