// Package spamassassin imports rules of SpamAssassin about bodies, headers and URIs of messages.
package spamassassin
