// Package doctor checks whether a board is a good home for trawl: the system, memory card, clock
// and power, and trawl's configuration, keys, rules and connections.
//
//	findings := doctor.Check(ctx, host)
//
// Host holds everything that is checked, so tests can make up boards. Check changes nothing and
// needs no root rights; a check that is not allowed to look says so.
package doctor
