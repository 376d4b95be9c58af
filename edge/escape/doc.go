// Package escape shows text that strangers have written: names that peers give
// themselves, lines of logs, rules, names of files. Such text may move a terminal's
// cursor, forge a line of a table or a log, or be a megabyte long.
//
//	escape.Line(name)                          // one line, whatever name holds
//	escape.Cut(name, 40)                       // and at most so long
//	escape.Sprintf("no rule %q in %s", id, f)  // a message, with every argument so
//	escape.Errorf("%s: %w", f, err)            // an error
//	escape.Message(err.Error())                // several lines
//	escape.Text(dst, line)                     // a line of data on a terminal
//	escape.JSON(document)                      // a document, with the same meaning
//	escape.Hides(name)                         // refuse the name instead
//
// Hidden are the characters of the Unicode categories Cc (C0, DEL, and C1, which
// terminals obey as ESC and another character), Cf (bidirectional overrides,
// zero-width characters, tags), Zl and Zp, and bytes that are no UTF-8. They are
// written as Go writes them in a string: \n, \x1b, \u202e, \xff. A backslash stays
// as it is, so what is shown cannot always be told from what it stands for.
//
// All functions are for any goroutine and keep nothing of their arguments.
package escape
