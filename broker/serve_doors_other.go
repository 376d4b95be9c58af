//go:build !unix

package broker

func fileLimit() int64 { return 0 }
