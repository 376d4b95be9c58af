package broker

// Checks of what a worker says in its hello.

import (
	"bytes"
	"encoding/json"
	"net"
	"net/netip"
	"strings"
	"unicode/utf8"

	"trawl/edge/escape"
	"trawl/edge/names"
	"trawl/edge/wire"
)

// What a worker may say of itself, in hello and update: logs, tables and documents of
// the broker repeat it.

const (
	maxHello    = 1 << 20 // bytes of a hello
	maxName     = 255     // bytes of the name of a worker or a rule set
	maxHash     = 64      // characters of a pack's SHA-256
	maxBoard    = 8 << 10 // bytes of what a worker says of its board
	maxScan     = 1 << 10 // bytes of what it says of how it scans
	maxRuleSets = wire.MaxRuleSets
)

// readJSON reads a frame that holds what, a hello or an update.
func readJSON(what string, frame []byte, to any) *wire.Error {
	if n := len(frame); n > maxHello {
		return wire.Errorf(wire.BadRequest, "the %s has %d bytes; at most %d are taken", what, n, maxHello)
	}
	if !utf8.Valid(frame) { // read as JSON, two names could become one
		return wire.Errorf(wire.BadRequest, "the %s is not UTF-8 throughout", what)
	}
	if err := json.Unmarshal(frame, to); err != nil {
		return wire.Errorf(wire.BadRequest, "unreadable %s: %v", what, err)
	}
	return nil
}

// checkHello refuses a worker of another protocol, and one whose texts are not for
// people's eyes.
func checkHello(h *wire.Hello, version string) *wire.Error {
	major := func(v string) string { m, _, _ := strings.Cut(v, "."); return m }
	if major(h.Protocol) != major(wire.ProtocolVersion) {
		return wire.Errorf(wire.BadRequest, "the worker speaks protocol %s (trawl %s), this broker %s (trawl %s): update the older one", h.Protocol, h.Version, wire.ProtocolVersion, version)
	}
	if h.Name == "" || len(h.Name) > maxName || h.Nonce == "" {
		return wire.Errorf(wire.BadRequest, "a worker needs a name of 1 to %d bytes and a nonce", maxName)
	}
	if h.Name != strings.TrimSpace(h.Name) {
		return wire.Errorf(wire.BadRequest, "the worker's name %q begins or ends with a space; give it another --name", h.Name)
	}
	if isAddress(h.Name) {
		return wire.Errorf(wire.BadRequest, "the worker's name %q is an address, and plain workers are named after theirs; give it another --name", h.Name)
	}
	if h.Slots < 1 || h.Slots > wire.MaxSlots {
		return wire.Errorf(wire.BadRequest, "a worker needs 1 to %d slots, not %d", wire.MaxSlots, h.Slots)
	}
	err := firstError(
		checkText("the worker's name", h.Name, maxName), checkText("the worker's nonce", h.Nonce, maxName),
		checkText("the worker's version", h.Version, maxName), checkText("the worker's protocol", h.Protocol, maxName),
		checkBoard(h.Board))
	if err != nil {
		return err
	}
	if err := wire.CheckReleaseIDs(h.Releases); err != nil {
		return wire.Errorf(wire.BadRequest, "%v", err)
	}
	return checkRules(h.Rules)
}

// isAddress reports whether a name looks like what plain workers are named after: the
// address of a connection, or the endpoint of a socket on this machine.
func isAddress(name string) bool {
	if strings.Contains(name, "://") {
		return true
	}
	host, _, err := net.SplitHostPort(name)
	if err == nil {
		_, err = netip.ParseAddr(host)
	}
	return err == nil
}

func checkRules(rules []wire.ServedRules) *wire.Error {
	if len(rules) == 0 {
		return wire.Errorf(wire.BadRequest, "a worker needs a rule set to serve")
	}
	if len(rules) > maxRuleSets {
		return wire.Errorf(wire.BadRequest, "%d rule sets; a worker serves at most %d", len(rules), maxRuleSets)
	}
	names := make(map[string]bool, len(rules))
	for i := range rules {
		if err := checkRuleSet(&rules[i]); err != nil {
			return err
		}
		if names[rules[i].Name] {
			return wire.Errorf(wire.BadRequest, "the rule set %q twice", rules[i].Name)
		}
		names[rules[i].Name] = true
	}
	return nil
}

// checkRuleSet refuses a rule set for what is said of it. Why it could not be loaded
// again may quote anything, and is escaped instead.
func checkRuleSet(set *wire.ServedRules) *wire.Error {
	if err := names.Check(set.Name); err != nil {
		return wire.Errorf(wire.BadRequest, "rule set: %v", err)
	}
	if f := set.FailedReload; f != nil {
		f.Error = escape.Message(f.Error[:min(len(f.Error), wire.MaxReloadError)])
	}
	return firstError(
		checkText("the hash of a rule set", set.Hash, maxHash),
		checkText("the engine of a rule set", set.Engine, maxName), checkText("the scan of a rule set", set.Scan, maxScan))
}

// checkText refuses text that is too long, or that a terminal would obey.
func checkText(what, says string, most int) *wire.Error {
	if n := len(says); n > most {
		return wire.Errorf(wire.BadRequest, "%s has %d bytes; at most %d are taken", what, n, most)
	}
	if escape.Hides(says) {
		return wire.Errorf(wire.BadRequest, "%s holds control characters, or others that cannot be seen: %q", what, says)
	}
	return nil
}

// checkBoard looks at all texts in what a worker says of its board, which status
// repeats. The document is valid JSON, as a part of another.
func checkBoard(document json.RawMessage) *wire.Error {
	const what = "what the worker says of its board"
	if n := len(document); n > maxBoard {
		return wire.Errorf(wire.BadRequest, "%s has %d bytes; at most %d are taken", what, n, maxBoard)
	}
	for d := json.NewDecoder(bytes.NewReader(document)); ; {
		token, err := d.Token()
		if err != nil { // the end
			return nil
		}
		if s, ok := token.(string); ok {
			if err := checkText(what, s, maxBoard); err != nil {
				return err
			}
		}
	}
}

func firstError(errs ...*wire.Error) *wire.Error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
