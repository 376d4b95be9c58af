// Package spamassassin imports rules of SpamAssassin about bodies, headers and URIs of messages.
//
//	spamassassin.go  a file → settings, and a rule → a regex
//	condition.go     if, ifplugin, else and endif
package spamassassin
