// Package keys holds the CURVE keys of a board: the board's secret key, in a file that nobody else
// can read, and the public keys that are allowed in, each with a role.
//
//	key, err := keys.ReadKeyFile("/etc/trawl/broker.key")
//	allowed, err := keys.OpenSet("/etc/trawl/allowed.keys")
//	l, err := zmtp.Listen(endpoint, zmtp.Options{
//		SocketType: "ROUTER",
//		Security: zmtp.Security{
//			Mechanism: zmtp.Curve,
//			Key:       key,
//			Authorize: allowed.Authorizer(keys.Client, keys.Admin),
//		},
//	})
//
//	err = allowed.Reload() // new connections go by the file of now
package keys
