// Package files reads files that somebody else may have put there: keys, lists,
// configurations, rules, packs. Where a file is expected there can be a named pipe,
// which is waited for without end, a device, which may act when it is opened, or a
// log of gigabytes.
//
//	text, err := files.Read(path, 64<<10)   // a regular file of at most 64 KiB
//	f, info, err := files.Open(path)        // a regular file of any size
//	f, info, err := files.OpenInput(path)   // or what the caller's shell has opened: <(command)
//
//	stamp := files.Stamp(path, 64<<10)      // changes when the file does
//	w := files.Watch(2*time.Second, look, hangup, reload)
//
// [ErrNotRegular] and [ErrTooLarge] are behind the errors of this package, the errors of
// package os behind the others. All of them are a [fs.PathError].
package files
