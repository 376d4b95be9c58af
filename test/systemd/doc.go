// Package systemd tests trawl as a service of a real systemd: a small Debian that
// boots as a container (systemd-nspawn), on an overlay that is thrown away. It needs
// root, systemd-nspawn (package systemd-container) and mmdebstrap, and runs with
//
//	make test-systemd
//
// And it tests trawl on a whole virtual board: QEMU boots a Debian for ARM64, with its
// own kernel, from a memory card that stays as it was when the plug is pulled.
//
//	apt-get install qemu-system-arm qemu-user-static binfmt-support mmdebstrap e2fsprogs
//	make test-vm
//
// Each Debian is built once, which takes half a minute, and that of the board a quarter of
// an hour, and kept in the cache folder of the user. What happens is waited for; nothing
// sleeps.
package systemd
