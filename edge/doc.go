// Package edge is the map of what every board shares. The packages, from the
// bottom up; a package imports only what stands below it:
//
//	cmd/trawl                               the one binary: a file per command
//	broker  worker                          the two roles
//	edge/service  edge/doctor               living as a system service; what is wrong with this board
//	edge/client  edge/rules  edge/config    asking, rule files, settings
//	edge/release                            rules for the whole fleet: signed releases, how brokers and workers keep them
//	edge/wire  edge/board  edge/keys        trawl's messages; what board this is; who may come in
//	edge/notify                             what the service manager and the journal are told
//	edge/zmtp  edge/match  systemd          ZeroMQ; matching; unit files: import nothing of trawl's but the two below
//	edge/escape  edge/files                 text of strangers, shown; files of strangers, read
//	edge/yamlerr                            where a file is no YAML, and why
//
// broker and worker never import each other, so either can be replaced by one
// in another language; edge/wire/PROTOCOL.md is what they have in common.
// edge/match knows nothing of networks and edge/zmtp nothing of matching: both
// can be used, tested and measured alone.
//
// The way of a request: client → edge/zmtp → broker (edge/wire reads its
// header, a router picks a worker) → edge/zmtp → worker (edge/match) → back the
// same way. `trawl scan` and `trawl up` run the same broker and worker in one
// process; only the transport under the connection is another, inproc.
package edge
