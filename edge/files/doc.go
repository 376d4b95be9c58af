// Package files reads files of strangers: keys, lists, configurations, rules, packs. Where trawl
// expects a file there may be a named pipe, which blocks without end, a device, which may act when
// it is opened, or a log of gigabytes.
//
//	text, err := files.Read(path, 64<<10)   // a regular file of at most 64 KiB
//	f, info, err := files.Open(path)        // a regular file of any size
//	f, info, err := files.OpenInput(path)   // or an input that the caller's shell has opened: <(command)
//
//	fingerprint := files.Fingerprint(path, 64<<10) // changes when the file does
//	w := files.Watch(2*time.Second, look, hangup, reload)
//
//	err := files.Replace(path, 0o600, text) // the old or the new content at any time
//
// Errors wrap [ErrNotRegular], [ErrTooLarge] or an error of package os. Errors of reading are a
// [fs.PathError].
package files
