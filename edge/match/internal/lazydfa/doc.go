// Package lazydfa runs regular expressions as DFAs whose states are built when a text first leads
// to them.
//
// [Compile] turns parsed expressions into a [Program], which is immutable. A [Machine] is a program
// with a way of searching. A [Runner] runs machines over texts: [Runner.Forward] finds the end of
// the leftmost-first match, [Runner.Backward] where that match begins, and [Runner.All] which of
// several expressions match. The states of all machines of a runner lie in one cache of bounded
// size, and a runner takes a bounded number of steps for a text.
//
//	trees → Compile → Program → Machine ┐
//	                                    ├ Runner (cache, steps) → ends and beginnings of matches
//	text ───────────────────────────────┘
//
//	program.go     instructions over classes of runes
//	compile.go     from the parsed expression to instructions; bounds of their number
//	classes.go     which runes no part of a program tells apart
//	machine.go     one transition of a machine; the steps that a text allows
//	run.go         the loops over the bytes of a text
//	literalrun.go  states that stand for a straight run of instructions
//	cache.go       the states of all machines of a runner
package lazydfa
