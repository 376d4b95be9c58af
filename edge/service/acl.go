package service

// Access lists of POSIX, as Linux stores them.

import (
	"encoding/binary"
	"io/fs"
	"slices"
)

// aclEntry is an entry of an access list: acl(5), in the form of the extended attribute
// system.posix_acl_access (linux/posix_acl_xattr.h).
type aclEntry struct {
	tag, rights uint16
	id          uint32
}

// Tags of entries.
const (
	aclUserOwner  = 0x01
	aclUser       = 0x02
	aclGroupOwner = 0x04
	aclGroup      = 0x08
	aclMask       = 0x10
	aclOther      = 0x20

	aclVersion   = 2
	aclHead      = 4 // bytes: the version
	aclEntrySize = 8 // bytes: tag, rights, id
)

// parseACL reads the attribute; nil: b is malformed.
func parseACL(b []byte) []aclEntry {
	if len(b) < aclHead || (len(b)-aclHead)%aclEntrySize != 0 || binary.LittleEndian.Uint32(b) != aclVersion {
		return nil
	}
	var list []aclEntry
	for b = b[aclHead:]; len(b) > 0; b = b[aclEntrySize:] {
		list = append(list, aclEntry{binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:]), binary.LittleEndian.Uint32(b[4:])})
	}
	return list
}

// listed decides as the kernel does (acl(5), "Access check algorithm"): the owner by the owner's
// entry, a listed user by the user's entry, a member of listed groups by any group entry with all
// wanted rights, everybody else by the entry for others.
func (w *account) listed(list []aclEntry, owner, group int, wanted fs.FileMode) bool {
	mask, other := uint16(7), uint16(0)
	for _, e := range list {
		switch {
		case e.tag == aclMask:
			mask = e.rights
		case e.tag == aclOther:
			other = e.rights
		}
	}
	grants := func(rights uint16) bool { return fs.FileMode(rights)&wanted == wanted }
	isUser := func(e aclEntry) bool { return e.tag == aclUser && w.uid >= 0 && int(e.id) == w.uid }
	isGroup := func(e aclEntry) bool {
		return e.tag == aclGroupOwner && slices.Contains(w.gids, group) || e.tag == aclGroup && slices.Contains(w.gids, int(e.id))
	}
	if i := slices.IndexFunc(list, func(e aclEntry) bool { return e.tag == aclUserOwner }); i >= 0 && w.uid == owner {
		return grants(list[i].rights)
	}
	if i := slices.IndexFunc(list, isUser); i >= 0 {
		return grants(list[i].rights & mask)
	}
	member := false
	for _, e := range list {
		if isGroup(e) {
			member = true
			if grants(e.rights & mask) {
				return true
			}
		}
	}
	return !member && grants(other)
}
