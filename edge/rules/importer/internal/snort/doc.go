// Package snort imports rules of Snort and Suricata: the contents of a packet.
//
//	snort.go    a rule          → contents and their positions
//	parse.go    a line          → header and options
//	meta.go     options         → message, tags, severity
//	buffer.go   a buffer        → whether the packet has its text
//	content.go  chain.go  contents → one literal or regex
package snort
