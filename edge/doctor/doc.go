// Package doctor says what is good and what is not about a board as a home for
// trawl: its system, its memory card, its clock and power, and trawl's own
// configuration, keys, rules and connections.
//
//	findings := doctor.Examine(ctx, patient)
//
// What is looked at is in the Patient, so that tests can make up boards. Examine
// changes nothing and needs no root; what it may not look at it says.
package doctor
