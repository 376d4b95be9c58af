package service

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A key that an access list opens to the service's user alone needs no advice.
func TestAccessListOfAFile(t *testing.T) {
	const none = 1<<32 - 1
	key := fileWith(t, filepath.Join(openTo(t), "board.key"), 0o600)
	who := account{name: "trawl", uid: 1 << 29}
	if err := who.canRead(key); err == nil {
		t.Fatal("readable without a list")
	}
	list := acl(aclEntry{aclUserOwner, 6, none}, aclEntry{aclUser, 4, 1 << 29}, aclEntry{aclGroupOwner, 0, none}, aclEntry{aclMask, 4, none}, aclEntry{aclOther, 0, none})
	if err := unix.Setxattr(key, "system.posix_acl_access", list, 0); err != nil {
		t.Skipf("this file system has no access lists: %v", err)
	}
	if err := who.canRead(key); err != nil {
		t.Error(err)
	}
	other := account{name: "ann", uid: 1<<29 + 1}
	if err := other.canRead(key); err == nil {
		t.Error("the list opens it to another user")
	}
}
