// Package template fills the fields of events into texts that are sent to somebody:
//
//	t, err := template.Parse("{board}: {message} {text}")
//	text, ok := t.Append(nil, event.Field, escape)
//
// A template is a text with names of fields in braces; {{ and }} stand for braces. There
// are no expressions. Fields hold text of strangers, so whoever appends says how each value
// is escaped for the place where the text goes: an address, a header, a topic.
package template
