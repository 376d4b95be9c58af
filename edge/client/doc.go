// Package client asks trawl's brokers from Go: many requests at once over one
// connection, matched to their answers by id, asked again elsewhere when the
// connection is lost.
//
//	c, err := client.New(client.Options{Brokers: []string{"tcp://pi1:5555", "tcp://pi2:5555"}})
//	defer c.Close()
//	a, err := c.Do(ctx, &client.Request{Header: wire.NewRequestHeader(), Texts: [][]byte{text}})
//	defer a.Release()
//	fmt.Printf("%s\n", a.Results[0])
//
// # Several brokers
//
// A Client keeps a connection to each of its brokers; none waits for another.
// A request goes to the first in the list that is up, or with Spread to the next
// in turn. A broker is lost when its connection ends or it was silent for three
// heartbeats; it is not up before it has answered the handshake. What was on its
// way there is then asked at once on another one, or on the first that comes
// up, with the time that is left.
//
// A broker that comes back while another serves is used again once it has been
// up for Options.Settle, so that its workers are back before requests are. What
// is under way elsewhere stays there, so going back loses nothing.
//
// What a broker's error means for the others:
//
//	draining, busy                 asked of each other broker that is up, once; if all
//	                               refuse, the last answer is returned (with Retry:
//	                               all over again, until the deadline); but what a
//	                               draining broker refuses waits while another is away
//	unknown_rules, unknown_worker  asked of each other broker that is up, once
//	worker_lost                    returned: the request has cost two workers, and the
//	                               other brokers have the same (with Retry: asked again)
//	no_worker, deadline            returned: the time is up (after no_worker the broker
//	                               has to settle again, before it gets more)
//	all others                     returned: another broker would say the same
//
// At an endpoint for workers a request is asked of another broker that is up, or
// returned with what that broker says of it.
//
// A draining broker gets nothing new while another is up. A Request with NoRetry
// is sent once; if its connection is lost the error is a LostError. With no broker
// up, requests wait until their deadline; the error, a NoBrokerError, then names
// each broker and what was last wrong with it.
//
// An answer counts only on the connection that its request was last sent on, so
// each result is delivered once; any other answer is dropped and counted. Nothing
// is kept but what is under way: the texts stay the caller's until Do returns.
package client
