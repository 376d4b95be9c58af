// Package client asks trawl's brokers from Go. Many requests share a connection, answers are matched
// to requests by id, and requests go to another broker when the connection is lost.
//
//	c, err := client.New(client.Options{Brokers: []string{"tcp://pi1:5555", "tcp://pi2:5555"}})
//	defer c.Close()
//	a, err := c.Do(ctx, &client.Request{Header: wire.NewRequestHeader(), Texts: [][]byte{text}})
//	defer a.Release()
//	fmt.Printf("%s\n", a.Results[0])
//
// The path of a request, a file for each step:
//
//	client.go   New, Do, Close     where callers wait
//	call.go     Request → call     sending; error answers
//	link.go     call ↔ connection  the choice of a broker; new and lost connections; answers
//	request.go  Answer             results; control requests
//	problem.go  errors             unreachable brokers, lost connections
//
// # Several brokers
//
// A Client keeps a connection to each broker, independent of the rest. A request goes to the first
// connected broker in the list, or with Spread to the next in turn. A broker counts as connected
// after the handshake. A broker is lost when the connection ends, or after three heartbeats of
// silence. Requests under way at a lost broker are sent at once to another broker, or to the first
// broker to come up, with the remaining time.
//
// A broker returning while another serves is used again after Options.Settle: by then its workers
// are back. Requests under way at the other broker stay there; going back loses nothing.
//
// What a Client does about an error answer:
//
//	draining, busy                 asked of each other broker once; if all refuse, the last
//	                               answer is returned (with Retry: all over again, until the
//	                               deadline); a request refused by a draining broker waits
//	                               while another broker is away
//	unknown_rules, unknown_worker  asked of each other broker once
//	worker_lost                    returned: the request has cost two workers, and all
//	                               brokers share the workers (with Retry: asked again)
//	no_worker, deadline            returned: the time is up (after no_worker the broker
//	                               has to settle again before the next request)
//	the rest                       returned: no broker would answer otherwise
//
// A request sent to an endpoint for workers by mistake goes to another broker, or returns with the
// error of the endpoint.
//
// A draining broker gets no new requests while another broker is up. A Request with NoRetry is sent
// once; after a lost connection the error is a LostError. While no broker is up, requests wait until
// their deadline. The error is then a NoBrokerError with the latest problem of each broker.
//
// An answer counts only on the connection of the latest sending, so each result is delivered once.
// Stale answers are dropped and counted. A Client keeps nothing but requests under way: the texts
// stay the caller's until Do returns.
package client
