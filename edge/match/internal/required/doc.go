// Package required works out the literals in every text that a regular expression matches: a
// [Formula] of AND and OR over strings. The strings are looked for together with the literals of
// other rules, and a regex runs only on texts for which the formula is true. (The idea is from
// RE2's FilteredRE2.)
//
//	analysis.go     from a parsed expression to its formula: Of
//	formula.go      rarity of strings; what of a formula is worth looking for
//	requirement.go  the formula for callers of package match
package required
