// Package keys holds the CURVE keys of a board: its own secret one in a file
// that nobody else can read, and the public ones of who may come in, with a
// role each.
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
//	err = allowed.Reload() // from now on, as the file says
package keys
