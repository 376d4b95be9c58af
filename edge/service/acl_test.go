package service

import (
	"encoding/binary"
	"io/fs"
	"testing"
)

// acl writes an access list as the kernel does.
func acl(entries ...aclEntry) []byte {
	b := binary.LittleEndian.AppendUint32(nil, aclVersion)
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, e.rights)
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return b
}

func TestAccessLists(t *testing.T) {
	const none = 1<<32 - 1
	list := []aclEntry{
		{aclUserOwner, 6, none},
		{aclUser, 4, 10},
		{aclUser, 7, 11},
		{aclUser, 0, 12},
		{aclGroupOwner, 0, none},
		{aclGroup, 4, 20},
		{aclGroup, 2, 21},
		{aclMask, 4, none},
		{aclOther, 4, none},
	}
	const owner, group = 1, 2
	for name, c := range map[string]struct {
		who    account
		rights fs.FileMode
		want   bool
	}{
		"owner":                          {account{uid: owner}, mayRead | mayWrite, true},
		"user who is named":              {account{uid: 10}, mayRead, true},
		"user, beyond the mask":          {account{uid: 11}, mayWrite, false},
		"user who is shut out":           {account{uid: 12, gids: []int{20}}, mayRead, false},
		"group that is named":            {account{uid: 5, gids: []int{20}}, mayRead, true},
		"the owner's group":              {account{uid: 5, gids: []int{group}}, mayRead, false},
		"two groups, one of them may":    {account{uid: 5, gids: []int{group, 20}}, mayRead, true},
		"a group without it is no other": {account{uid: 5, gids: []int{21}}, mayRead, false},
		"everybody else":                 {account{uid: 5}, mayRead, true},
		"user who is not known":          {account{uid: -1}, mayWrite, false},
	} {
		if got := c.who.listed(parseACL(acl(list...)), owner, group, c.rights); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzParseACL(f *testing.F) {
	f.Add(acl(aclEntry{aclUserOwner, 6, 0}, aclEntry{aclOther, 4, 0}))
	f.Add([]byte{2, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		list := parseACL(b)
		who := account{uid: 7, gids: []int{8}}
		who.listed(list, 1, 2, mayRead)
		if len(list)*aclEntrySize > len(b) {
			t.Error("more entries than bytes")
		}
	})
}
