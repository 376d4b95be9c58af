//go:build !holdtime

package broker

// beganSection and endedSection measure critical sections in builds with the tag
// holdtime, see router_holdtime.go; here they cost nothing.
func (r *router) beganSection() {}
func (r *router) endedSection() {}
