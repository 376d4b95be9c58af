package zmtp

// Metadata, the properties that peers announce in READY (ZMTP 3.1, RFC 37, "Connection
// Metadata"): each a name under a length of one octet and a value under a
// length of four.

import (
	"encoding/binary"
	"fmt"
	"strings"
)

const (
	propSocketType = "Socket-Type"
	propIdentity   = "Identity"
	maxIdentity    = 255 // bytes

	// maxProperties is how many properties a peer may have: each takes some fifty
	// bytes beside its own.
	maxProperties = 64

	// metadataFree is how large metadata may be that no budget is told of, in bytes.
	metadataFree = 1 << 10
)

// appendProperty appends a single property; name has at most 255 bytes.
func appendProperty(dst []byte, name string, value []byte) []byte {
	dst = append(append(dst, byte(len(name))), name...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(value)))
	return append(dst, value...)
}

// parseMetadata returns the properties in b by name. Names are compared in lower case.
func parseMetadata(b []byte) (map[string]string, error) {
	properties := make(map[string]string)
	for len(b) > 0 {
		name, value, rest, ok := cutProperty(b)
		if !ok {
			return nil, protocolError("truncated metadata")
		}
		if !validPropertyName(name) {
			return nil, protocolError(fmt.Sprintf("invalid metadata name %q", name))
		}
		name = strings.ToLower(name)
		if len(properties) == maxProperties {
			return nil, protocolError(fmt.Sprintf("metadata of more than %d properties", maxProperties))
		}
		if _, duplicate := properties[name]; duplicate {
			return nil, protocolError(fmt.Sprintf("metadata %q given twice", name))
		}
		properties[name] = value
		b = rest
	}
	return properties, nil
}

// cutProperty splits b after the first property.
func cutProperty(b []byte) (name, value string, rest []byte, ok bool) {
	n := int(b[0])
	if b = b[1:]; len(b) < n+4 {
		return "", "", nil, false
	}
	name, b = string(b[:n]), b[n:]
	size := binary.BigEndian.Uint32(b)
	if b = b[4:]; uint64(size) > uint64(len(b)) {
		return "", "", nil, false
	}
	return name, string(b[:size]), b[size:], true
}

func validPropertyName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' && c != '+' {
			return false
		}
	}
	return name != ""
}

// setMetadata moves parsed properties into p.
func (p *Peer) setMetadata(properties map[string]string) error {
	socketType, identity := strings.ToLower(propSocketType), strings.ToLower(propIdentity)
	p.SocketType = properties[socketType]
	if p.SocketType == "" {
		return protocolError("metadata without a Socket-Type")
	}
	if len(properties[identity]) > maxIdentity {
		return protocolError(fmt.Sprintf("identity of %d bytes; at most %d are allowed", len(properties[identity]), maxIdentity))
	}
	if id := properties[identity]; id != "" {
		p.Identity = []byte(id)
	}
	delete(properties, socketType)
	delete(properties, identity)
	if len(properties) > 0 {
		p.Metadata = properties
	}
	return nil
}

// metadataSize is about what p's metadata takes in memory, in bytes.
func (p *Peer) metadataSize() (n int64) {
	const entry = 64 // of a map
	for name, value := range p.Metadata {
		n += int64(entry + len(name) + len(value))
	}
	return n
}
