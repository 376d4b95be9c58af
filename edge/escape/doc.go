// Package escape shows text of strangers: names that peers give themselves, lines of logs, rules,
// names of files. Hidden characters in a text may move a terminal's cursor or forge a line of a
// table or a log, and the text may be a megabyte long.
//
//	escape.Line(name)                          // one line, whatever name holds
//	escape.Cut(name, 40)                       // one line of at most 40 bytes
//	escape.Sprintf("no rule %q in %s", id, f)  // a message with escaped arguments
//	escape.Errorf("%s: %w", f, err)            // an error
//	escape.Message(err.Error())                // several lines
//	escape.Text(dst, line)                     // a line of data on a terminal
//	escape.JSON(document)                      // a document, with the same meaning
//	escape.Hides(name)                         // to refuse the name
//
// Hidden are the characters of the Unicode categories Cc (C0, DEL, and C1, which terminals obey as
// ESC and another character), Cf (bidirectional overrides, zero-width characters, tags), Zl and Zp,
// and bytes outside of UTF-8. They are written as in a string of Go: \n, \x1b, \u202e, \xff. A
// backslash is not escaped, so the original cannot always be told from the result.
//
// All functions may be called concurrently and keep nothing of their arguments.
package escape
