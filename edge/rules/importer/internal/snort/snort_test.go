package snort

import (
	"fmt"
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
)

// Rules about buffers find their contents anywhere in the packet. Contents that cannot be found in
// the packet are named in the summary.
func TestSnortPlacesInBuffers(t *testing.T) {
	const packet = "GET /depot/12 HTTP/1.1\r\nHost: WWW.bad.example\r\nCookie: a=b\r\n\r\nPOSTED body"
	for _, tt := range []struct {
		options string
		found   bool
		say     string // in the summary; "taken": no restriction
	}{
		{`http.uri; content:"/depot/12"; startswith;`, true, "places (offset"},
		{`content:"/depot/"; http_uri; depth:7;`, true, "places (offset"},
		{`content:"/depot/"; depth:7; http_uri;`, true, "places (offset"},
		{`http.host; content:"bad.example"; endswith;`, true, "places (offset"},
		{`http.host; content:"www.bad.example";`, true, "a buffer"},
		{`pcre:"/^\/depot\/\d+$/U";`, true, "^ and $ of a part"},
		{`http.uri; pcre:"/^\/depot\/\d+$/";`, true, "^ and $ of a part"},
		{`http.uri; pcre:"/\/depot/A";`, true, "places (offset"},
		{`http_uri; content:"/depot",depth 6; content:"12",distance 1,within 2;`, true, "places (offset"},
		{`content:"GET"; depth:3; http.uri; content:"/depot"; startswith; content:"12"; distance:1; within:2;`, true, "places (offset"},
		{`http.uri; content:"12"; http.cookie; content:"a="; distance:0; within:4;`, true, "places (offset"},
		{`http.uri; content:"12"; content:"/depot"; distance:0;`, false, "a buffer"},
		{`http.uri; content:"12"; pkt_data; content:"GET"; depth:3;`, true, "a buffer"},
		{`http.uri; content:"12"; pkt_data; content:"POSTED"; depth:6;`, false, "one is looked for"},
		{`file_data; content:"POSTED"; depth:6;`, true, "places (offset"},
		{`content:"Host"; content:"bad"; distance:2; within:10;`, true, "what counts bytes"},
		{`content:"Host"; content:"bad"; distance:9; within:10;`, false, "what counts bytes"},
		{`content:"Host"; byte_jump:1,0,relative; content:"POSTED"; distance:0; within:6;`, true, "places (offset"},
		{`content:"Host"; pcre:"/x(?=y)/R"; content:"POSTED"; distance:0; within:6;`, true, "places (offset"},
		{`content:"Host"; content:"POSTED"; distance:somewhere; within:6;`, true, "places (offset"},
		{`content:"POSTED"; offset:somewhere; depth:6;`, true, "places (offset"},
		{`http.uri; to_lowercase; content:"get /depot";`, true, "not transformed"},
		{`http.host; dotprefix; content:".www.bad.example";`, true, "not transformed"},
		{`http.uri; to_md5; content:"|00 01 02|"; pkt_data; content:"GET";`, true, "decoded data"},
		{`base64_decode:bytes 12; base64_data; content:"secret";`, false, "only looks at decoded data"},
		{`ja3.hash; content:"e7d705a3286e19ea42f587b344ee6865";`, false, "only looks at decoded data"},
		{`dns.query; content:"bad.example";`, false, "only looks at decoded data"},
		{`content:!"evil";`, false, "only says what must not be there"},
		{`dsize:>5;`, false, "nothing about the content"},
		{`tls.version:1.2; content:"GET";`, true, "not about the text"},
		{`content:"get"; fast_pattern:only;`, true, "taken"},
		{`content:"GET"; startswith; content:"body"; endswith;`, true, "one is looked for"},
	} {
		r := importertest.One(t, &Kind, "alert tcp any any -> any any (msg:\"m\"; "+tt.options+" sid:1;)\n")
		if got := len(r.Rules) > 0 && importertest.Finder(t, r.Rules)(packet); got != tt.found {
			t.Errorf("%s: found: %v\n%+v", tt.options, got, r.Rules)
		}
		said := r.Summary.Text(true)
		if r.Summary.Taken == 1 {
			said = "taken"
		}
		if !strings.Contains(said, tt.say) {
			t.Errorf("%s: want %q, got %s", tt.options, tt.say, said)
		}
	}
}

// A rule with a syntax error is reported with the error and its place.
func TestSnortSyntaxErrors(t *testing.T) {
	for _, tt := range []struct{ body, say string }{
		{`(msg:"a"; content:"b" sid:1;)`, "in part: finds other: a ; is missing, so that Snort refuses the rule; it is read as if the ; were there: before sid:1"},
		{`(msg:"a" content:"b"; sid:1;)`, `a ; is missing, so that Snort refuses the rule; it is read as if the ; were there: before content:"b"`},
		{`(msg:"a"; content:"b"; nocase offset:3; sid:1;)`, "before offset:3"},
		{`(msg:"a"; content:"b"; depth:5 content:"c"; sid:1;)`, `before content:"c"`},
		{`(msg:"a"; content:"b" nocase; sid:1;)`, "before nocase"},
		{`(msg:"a"; content:"b"; sid:1)`, "before )"},
		{`(msg:"a"; content:"b; sid:1;)`, `skipped: not a rule in Snort's syntax: a " without its end`},
		{`(msg:"a"; content:"b" x; sid:1;)`, "skipped: text behind the closing quote of a content or pcre: x"},
		{`(msg:"a"; content:"b"; sid:1;`, "skipped: not a rule in Snort's syntax: no ) at the end"},
		{`(msg:"a"; content:"|6|"; sid:1;)`, "skipped: content that cannot be read"},
		{`(msg:"a"; pcre:"b"; sid:1;)`, "skipped: syntax error in the regex: pcre must be /regex/flags"},
	} {
		src := "# first line\nalert tcp any any -> any any " + tt.body + "\nalert tcp any any -> any any (content:\"other\"; sid:2;)\n"
		r := importertest.One(t, &Kind, src)
		said := r.Summary.Text(true)
		if !strings.Contains(said, "f:2: ") || !strings.Contains(said, tt.say) || r.Summary.Found != 2 {
			t.Errorf("%s: want %q, got %s", tt.body, tt.say, said)
		}
	}
}

// Backslashes of the rule's syntax are removed before the regex is read.
func TestSnortEscapes(t *testing.T) {
	for _, tt := range []struct{ options, text string }{
		{`content:"a\;b\"c\:d\\e|3b|f";`, `a;b"c:d\e;f`},
		{`pcre:"/a\;b\"c\/d\\\\\;/";`, `a;b"c/d\\;`},
		{`content:"a|7C|b";`, `a|b`},
	} {
		r := importertest.One(t, &Kind, "alert tcp any any -> any any ("+tt.options+" sid:1;)\n")
		if r.Summary.Taken != 1 || !importertest.Finder(t, r.Rules)(tt.text) {
			t.Errorf("%s: %+v\n%s", tt.options, r.Rules, r.Summary.Text(true))
		}
	}
}

// A rule of Snort 3 spans lines up to a `)`.
func TestSnort3RulesOverLines(t *testing.T) {
	src := "alert http\n(\n  msg:\"x\";\n  # why\n  http_uri;\n  content:\"/a\",fast_pattern,nocase;\n  sid:1;\n)\n" +
		"alert tcp any any -> any any ( msg:\"y\"; content:\"b\"; sid:2; )\n" +
		"alert tcp any any -> any any ( msg:\"never ends\"; content:\"c\";\nalert tcp any any -> any any (content:\"d\"; sid:4;)\n"
	r := importertest.One(t, &Kind, src)
	if got := fmt.Sprint(r.Summary.Found, r.Summary.Taken, r.Summary.InPart, r.Summary.Skipped); got != "4 2 1 1" {
		t.Errorf("%s: %s", got, r.Summary.Text(true))
	}
	if line := r.Summary.Rules[0].Line; line != 1 {
		t.Errorf("line %d", line)
	}
}
