// Package client asks trawl's brokers from Go. Many requests share one connection, answers are
// matched to requests by id, and requests go to another broker when the connection is lost.
//
//	c, err := client.New(client.Options{Brokers: []string{"tcp://pi1:5555", "tcp://pi2:5555"}})
//	defer c.Close()
//	a, err := c.Do(ctx, &client.Request{Header: wire.NewRequestHeader(), Texts: [][]byte{text}})
//	defer a.Release()
//	fmt.Printf("%s\n", a.Results[0])
//
// The path of a request, each step in a file of its own:
//
//	client.go   New, Do, Close     a request as its caller sees it
//	call.go     Request → call     sending; what an error answer means
//	link.go     call ↔ connection  which broker; connections that come up and end; answers
//	request.go  Answer             results; control requests
//	problem.go  errors             brokers that cannot be reached, connections that were lost
//
// # Several brokers
//
// A Client keeps a connection to each of its brokers, independently of the others. A request goes to
// the first broker in the list that is up, or with Spread to the next in turn. A broker is up once
// it has answered the handshake. A broker is lost when its connection ends, or when it was silent for
// three heartbeats. Requests under way at a lost broker are sent at once to another broker, or to the
// first broker that comes up, with the time that is left.
//
// A broker that comes back while another serves is used again once it has been up for
// Options.Settle, so that its workers are back before requests are. Requests under way at the other
// broker stay there, so going back loses nothing.
//
// What a Client does about an error answer:
//
//	draining, busy                 asked of each other broker that is up, once; if all
//	                               refuse, the last answer is returned (with Retry:
//	                               all over again, until the deadline); what a draining
//	                               broker refuses waits while another broker is away
//	unknown_rules, unknown_worker  asked of each other broker that is up, once
//	worker_lost                    returned: the request has cost two workers, and other
//	                               brokers have the same (with Retry: asked again)
//	no_worker, deadline            returned: the time is up (after no_worker the broker
//	                               has to settle again before it gets more)
//	all others                     returned: another broker would say the same
//
// A request that reached an endpoint for workers is asked of another broker that is up, or returned
// with the error that the endpoint gave.
//
// A draining broker gets no new requests while another broker is up. A Request with NoRetry is sent
// once; if its connection is lost, the error is a LostError. While no broker is up, requests wait
// until their deadline. The error is then a NoBrokerError, which names each broker with its latest
// problem.
//
// An answer counts only on the connection on which its request was sent last, so each result is
// delivered once. Any other answer is dropped and counted. A Client keeps requests under way and
// nothing else: the texts stay the caller's until Do returns.
package client
