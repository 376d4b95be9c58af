// Package client asks trawl's brokers from Go: many requests at once over one
// connection, matched to their answers by id, asked again when the connection
// is lost.
//
//	c, err := client.New(client.Options{Brokers: []string{"tcp://pi1:5555"}})
//	defer c.Close()
//	a, err := c.Do(ctx, &client.Request{Header: wire.NewRequestHeader(), Texts: [][]byte{text}})
//	defer a.Release()
//	fmt.Printf("%s\n", a.Results[0])
package client
