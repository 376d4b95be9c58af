// Package board describes the board: model, cores and memory, which are constant, and load, heat
// and power, which change.
//
// Everything comes from /proc and /sys of Linux, without helper programs. Unknown values are zero,
// so other systems tell little.
package board
