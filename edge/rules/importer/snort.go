// Snort and Suricata rules: what is said of a packet's bytes.

package importer

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	whyNegated     = "finds more: what must not be there (!) is not checked"
	whyBuffer      = "finds other: a buffer (URI, header, decoded data, …) is looked for in the whole text as it is"
	whyTransformed = "finds other: buffers are not transformed (to_lowercase, …) before"
	whyOther       = "finds more: options that are not about the text are not checked"
	whyPlaces      = "finds more: places (offset, depth, distance, within) are not checked"
	whyOneOf       = "finds more: of several contents that must all be there one is looked for"
	whyNoContent   = "nothing about the content of a packet"
	whyNotRule     = "not a rule in Snort's syntax"
	whyBadContent  = "content that cannot be read"
	notePacket     = "header and flow say which packets; that is for whoever sends the texts"
	noteLimits     = "thresholds are not counted: every match is reported"
)

// snortIgnored are options that say nothing about which packets match.
var snortIgnored = wordSet(`msg sid gid rev classtype priority reference metadata flow rawbytes fast_pattern fast_pattern_offset_length target tag logto session
	service soid activates activated_by count rem
	default_proto default_src_port default_dst_port parse_src_ip parse_dst_ip parse_port parse_proto parse_proto_program parse_hash normalize fwsam dynamic_load`)

// snortLimits limit how often an alert is given.
var snortLimits = wordSet("threshold detection_filter after noalert")

// snortTransforms change a buffer before contents are looked for in it.
var snortTransforms = wordSet(`to_lowercase to_uppercase to_md5 to_sha1 to_sha256 strip_whitespace compress_whitespace strip_pseudo_headers dotprefix url_decode
	pcrexform xor header_lowercase from_base64 domain tld`)

// snortBuffers say where contents must be.
var snortBuffers = wordSet(`uricontent file_data pkt_data base64_data js_data vba_data raw_data http_uri http_raw_uri http_header http_raw_header http_cookie http_raw_cookie
	http_method http_client_body http_raw_body http_stat_code http_stat_msg http_user_agent http_host http_raw_host http_request_line http_response_line http_accept
	http_accept_enc http_accept_lang http_connection http_content_len http_content_type http_protocol http_referer http_start http_header_names http_server_body
	http_param http_version http_trailer http_raw_request http_raw_status dns_query tls_sni tls_cert_issuer tls_cert_subject tls_cert_serial tls_cert_fingerprint
	ja3_hash ja3_string ja3s_hash ssh_proto ssh_software sip_method sip_uri sip_header sip_body krb5_cname krb5_sname cifs_share smb_share smb_named_pipe modbus_data`)

func wordSet(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

// readSnort reads one rule file.
func readSnort(j *job, in *input) {
	name := shortPath(in.path, 1)
	j.logicalLines(in, " ", func(number int, line string) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
			j.aside.add("blank lines")
		case line[0] == '#' && snortAction.MatchString(strings.TrimLeft(line, "# \t")) && strings.Contains(line, "("):
			j.aside.add("rules that are commented out")
		case line[0] == '#':
			j.aside.add("comments")
		case snortConfig.MatchString(line):
			j.aside.add("configuration")
		default:
			snortEntry(j, in.path, name, number, line)
		}
	})
}

func snortEntry(j *job, path, name string, number int, line string) {
	r, err := parseSnort(line)
	if err == nil && !snortAction.MatchString(line) {
		err = fmt.Errorf("it begins with %.20q", line)
	}
	if err != nil {
		e := j.begin(path, number, "", fmt.Sprintf("%s:%d", name, number))
		e.skip(whyNotRule, err.Error())
		e.end()
		return
	}
	sid := r.first("sid")
	id := "sid-" + idFrom(sid)
	if sid == "" {
		id = idFrom(fmt.Sprintf("%s:%d", name, number))
	}
	e := j.begin(path, number, sid, id)
	snortMeta(e, r)
	s := snortReader{entry: e}
	s.read(r)
	e.end()
}

// snortReader collects what a rule looks for.
type snortReader struct {
	*entry
	contents []*content
	last     *content // that modifiers belong to
	failed   bool
	without  *refused // why a pcre was left out
}

func (s *snortReader) read(r *snortRule) {
	for _, o := range r.options {
		s.option(o)
		if s.failed {
			return
		}
	}
	switch {
	case len(s.contents) == 0 && s.without != nil:
		s.skip(s.without.text, s.without.detail)
		return
	case len(s.contents) == 0:
		s.skip(whyNoContent, "")
		return
	}
	s.remark(notePacket)
	matchContents(s.entry, s.contents)
}

func (s *snortReader) option(o snortOption) {
	switch o.name {
	case "content", "uricontent":
		s.content(o)
	case "pcre":
		s.pcre(o.value)
	case "nocase", "offset", "depth", "distance", "within", "startswith", "endswith":
		s.modify(o.name, o.value)
	case "flowbits", "xbits", "flowint":
		if strings.HasPrefix(o.value, "isset") || strings.HasPrefix(o.value, "isnotset") || o.name == "flowint" {
			s.partly(whyOther, o.name)
		}
	default:
		switch {
		case snortIgnored[o.name]:
		case snortTransforms[o.name]:
			s.partly(whyTransformed, o.name)
		case snortLimits[o.name]:
			s.remark(noteLimits)
		case snortBuffers[o.name] || strings.Contains(o.name, "."):
			s.partly(whyBuffer, o.name)
		default:
			s.partly(whyOther, o.name)
		}
	}
}

func (s *snortReader) content(o snortOption) {
	text, negated, modifiers, err := splitQuoted(o.value)
	var b []byte
	if err == nil {
		b, err = snortBytes(text)
	}
	if err != nil {
		s.fail(whyBadContent, err.Error())
		return
	}
	if o.name == "uricontent" {
		s.partly(whyBuffer, o.name)
	}
	s.last = &content{text: b}
	for _, m := range strings.Split(modifiers, ",") { // Snort 3
		name, value, _ := strings.Cut(strings.TrimSpace(m), " ")
		switch {
		case name == "":
		case snortBuffers[name] || snortIgnored[name]:
			s.option(snortOption{name: name})
		default:
			s.modify(name, strings.TrimSpace(value))
		}
	}
	if negated {
		s.partly(whyNegated, string(b))
		return // modifiers that follow change nothing
	}
	s.contents = append(s.contents, s.last)
}

func (s *snortReader) fail(text, detail string) {
	s.failed = true
	s.skip(text, detail)
}

// modify takes a modifier of the last content.
func (s *snortReader) modify(name, value string) {
	if s.last == nil {
		s.partly(whyOther, name)
		return
	}
	c := s.last
	switch name {
	case "nocase":
		c.nocase = true
		return
	case "startswith":
		c.offset, c.depth, c.absolute, c.deep = 0, len(c.text), true, true
		return
	case "endswith":
		c.atEnd = true
		return
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		s.partly(whyPlaces, name+" "+value) // a variable
		return
	}
	switch name {
	case "offset":
		c.offset, c.absolute = n, true
	case "depth":
		c.depth, c.absolute, c.deep = n, true, true
	case "distance":
		c.distance, c.relative = n, true
	case "within":
		c.within, c.relative, c.near = n, true, true
	default:
		s.partly(whyOther, name)
	}
}

// pcre reads "/regex/flags".
func (s *snortReader) pcre(value string) {
	text, negated, _, err := splitQuoted(value)
	text = strings.ReplaceAll(text, `\;`, `;`)
	text = strings.ReplaceAll(text, `\"`, `"`)
	end := strings.LastIndexByte(text, '/')
	if m, ok := strings.CutPrefix(text, "m"); ok && len(m) > 1 && m[0] != '/' {
		end = strings.LastIndexByte(text, m[0])
		text, end = text[1:], end-1
	}
	if err != nil || end < 1 {
		s.fail(whySyntax, "pcre must be /regex/flags")
		return
	}
	if negated {
		s.partly(whyNegated, "pcre")
		s.last = &content{}
		return
	}
	c := &content{regex: true}
	flags := s.pcreFlags(text[end+1:], c)
	t, err := translatePerl(text[1:end], pcreDialect, flags)
	if err != nil {
		s.refuse(err)
		s.last = &content{}
		return
	}
	c.translation = t
	s.last = c
	s.contents = append(s.contents, c)
}

// refuse notes a pcre that cannot be translated: the contents remain.
func (s *snortReader) refuse(err error) {
	if r, ok := err.(*refused); ok {
		s.without = r
		s.partly("finds more: the pcre is not checked, "+r.text, r.detail)
	}
}

func (s *snortReader) pcreFlags(list string, c *content) perlFlags {
	var f perlFlags
	for _, flag := range list {
		switch flag {
		case 'i':
			f.i = true
		case 's':
			f.s = true
		case 'm':
			f.m = true
		case 'x':
			f.x = true
		case 'G':
			f.ungreedy = true
		case 'A':
			c.begins = true
		case 'R':
			c.relative = true
		case 'E', 'O', 'B':
		default:
			s.partly(whyBuffer, "pcre flag "+string(flag))
		}
	}
	return f
}
