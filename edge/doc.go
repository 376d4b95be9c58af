// Package edge is the map of what every board shares. The packages, top layer first; a package
// may import only packages of lower layers (imports_test.go enforces it):
//
//	cmd/trawl                               the one binary: a file per command
//	broker  worker                          the two roles; worker/results writes what was found
//	edge/watch                              following logs and messages, matching, telling somebody
//	edge/service  edge/doctor               living as a system service; what is wrong with this board
//	edge/client  edge/rules  edge/config    asking, rule files, settings
//	edge/wire  edge/board  edge/keys        trawl's messages; what board this is; who may come in
//	edge/notify                             what the service manager and the journal are told
//	edge/zmtp  edge/match  systemd          ZeroMQ; matching; unit files: import nothing of trawl's but what is below
//	edge/follow  edge/template              log files as records; fields of events in texts
//	edge/problem  edge/names                everything that is wrong with a file, as one error; names of rule sets
//	edge/hosts  edge/mask                   names of hosts, .local names included; matches hidden
//	edge/escape  edge/files                 text of strangers, shown; files of strangers, read
//	edge/mdns                               one question to the hosts of the local network
//	edge/yamlerr                            where a file is no YAML, and why
//	edge/ondemand  edge/human               values that are made by their first use; numbers for people
//
// broker and worker never import each other, so either can be replaced by one
// in another language; edge/wire/PROTOCOL.md is what they have in common.
// edge/match knows nothing of networks and edge/zmtp nothing of matching: both
// can be used, tested and measured alone.
//
// The path of a request: client → edge/zmtp → broker (edge/wire decodes its header, the router
// chooses a worker) → edge/zmtp → worker (edge/match) → back the same way. `trawl scan` and
// `trawl up` run the same broker and worker in one process, over the transport inproc.
//
// # Glossary
//
// The words that decide whether the code can be read. They mean the same in code, wire messages,
// logs, metrics, flags and pages.
//
//	rule          a literal, a word list or a regex with an id, and what is to be said of a match
//	rule set      named rules that a worker serves; requests name a rule set, not a file
//	pack          a compiled rule set: one file, mapped read-only, named by its SHA-256
//	literal       a string that is searched as it is; a regex is searched only where its required
//	              literals were found
//	atom          a required literal of a regex
//	trigger       the atom of a regex whose occurrence has the other required literals looked at
//	automaton     the search structure for literals; da4, da8, sdfa and dfa are forms of it
//	engine        what finds literals: an automaton in one of its forms, or cloudflare
//	cell          eight bytes (da4: four) that are one state of an automaton
//	hit           a place of a text where literals end
//	pass          one automaton running over one text
//	prefilter     a cheap test that skips most of a text before the automaton
//	lane          one of four positions of a text that an engine advances side by side
//	state set     the NFA states that one state of a lazy DFA stands for
//	literal run   instructions of a regex that follow each other without a branch
//	client        whoever sends texts and gets answers: REQ or DEALER, in any language
//	broker        the process in the middle: a ROUTER for clients, a ROUTER for workers
//	worker        a process that serves rule sets; a plain worker is a REP socket of any language
//	request       header and texts of a client; it gets exactly one answer
//	sub-request   a request that a worker sends while it works on a request, its parent
//	dispatch      one delivery of a request to one worker; a request may have several
//	target        what a request asks for (a rule set, a pack, a named worker), with its queue
//	slot          what a worker works on one request with; slots bound its concurrency
//	window        how many requests a worker may hold, slots and waiting ones together
//	hedge         a second dispatch of a request to another worker, because the first is slow or
//	              silent; the first answer counts
//	reclaim       the broker takes back requests that a worker has not started
//	cancel        the broker tells a worker that nobody waits for a request any more
//	throttle      a client's requests wait because it does not read its answers (backpressure)
//	slow consumer a peer that is closed because it does not read what is sent to it
//	idempotent    asking twice is harmless: whether a lost request may be dispatched again
//	escalate      a worker sends the texts that matched on to another rule set or worker
//	heartbeat     a message that says that the peer is alive; three missed ones mean lost
//	drain         take no new requests, finish those in hand, then leave
//	budget        a bound on bytes that are held for peers, counted as they are retained
package edge
