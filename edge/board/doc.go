// Package board tells what board this is and how it feels: model, cores and
// memory, which stay, and load, heat and power, which change.
//
// Everything is read from what Linux shows in /proc and /sys, without helper
// programs. What a system does not tell stays zero, so on others than Linux
// there is little to know.
package board
