package snort

// The buffers of Snort and Suricata: parts of a packet, or data made from a packet.

import (
	"strings"

	"trawl/edge/ondemand"
)

// location says where the packet contains the bytes of a buffer.
type location int

const (
	inPacket location = iota // the buffer is the packet
	partOf                   // a part of the packet, nearly unchanged
	decoded                  // made from the packet, which does not contain the bytes
)

// buffers are the known buffers. An unknown buffer with a dot in the name is partOf.
var buffers = ondemand.Value[map[string]location]{Make: func() map[string]location {
	m := map[string]location{}
	for where, names := range map[location]string{
		inPacket: `pkt_data raw_data rawbytes`,
		partOf: `uricontent file_data http_uri http_raw_uri http_header http_raw_header http_cookie http_raw_cookie http_method http_client_body http_raw_body
			http_stat_code http_stat_msg http_user_agent http_host http_raw_host http_request_line http_response_line http_accept http_accept_enc
			http_accept_lang http_connection http_content_len http_content_type http_protocol http_referer http_start http_server_body http_param
			http_version http_trailer http_raw_trailer http_raw_request http_raw_status http_true_ip tls_sni ssh_proto ssh_software sip_method sip_uri
			sip_header sip_body sip_stat_code sip_stat_msg sip_protocol sip_request_line sip_response_line krb5_cname krb5_sname modbus_data dce_stub_data
			iec104_apci_type mms_data s7commplus_content`,
		decoded: `base64_data js_data vba_data http_header_names http.header_names dns_query dns.query dns.queries.rrname dns.query.name dns.answer.name
			dns.answers.rrname tls_cert_issuer tls_cert_subject tls_cert_serial tls_cert_fingerprint tls.cert_issuer tls.cert_subject tls.cert_serial
			tls.cert_fingerprint tls.certs ja3_hash ja3_string ja3s_hash ja3s_string ja3.hash ja3.string ja3s.hash ja3s.string ja4.hash ssh.hassh
			ssh.hassh.server ssh.hassh.string ssh.hassh.server.string ssh_hassh cifs_share smb_share smb_named_pipe smb.share smb.named_pipe
			smb.ntlmssp_user smb.ntlmssp_domain quic.cyu.hash quic.cyu.string quic.sni quic.ua quic.version`,
	} {
		for name := range strings.FieldsSeq(names) {
			m[name] = where
		}
	}
	return m
}}

// oldStyleBuffers follow their content in Snort 2 and in Suricata. All further buffers precede
// their contents.
var oldStyleBuffers = ondemand.Words{List: `http_uri http_raw_uri http_header http_raw_header http_cookie http_raw_cookie http_method http_client_body http_server_body
	http_stat_code http_stat_msg http_user_agent http_host http_raw_host`}

// lowerCaseBuffers are the buffers converted to lower case.
var lowerCaseBuffers = ondemand.Words{List: `http_host http.host`}

// pcreBuffers maps flags of pcre to buffers.
var pcreBuffers = ondemand.Value[map[rune]string]{Make: func() map[rune]string {
	return map[rune]string{
		'U': "http_uri", 'I': "http_raw_uri", 'P': "http_client_body", 'H': "http_header", 'D': "http_raw_header", 'M': "http_method", 'C': "http_cookie",
		'K': "http_raw_cookie", 'S': "http_stat_code", 'Y': "http_stat_msg", 'V': "http_user_agent", 'W': "http_host", 'Z': "http_raw_host", 'Q': "http_server_body",
	}
}}

// Transformations of Suricata, which change a buffer before the search.
var (
	caseTransforms = ondemand.Words{List: `to_lowercase to_uppercase header_lowercase`}
	textTransforms = ondemand.Words{List: `to_md5 to_sha1 to_sha256 from_base64 xor pcrexform luaxform`}
	transformNames = ondemand.Words{List: `strip_whitespace compress_whitespace strip_pseudo_headers dotprefix url_decode domain tld to_lowercase to_uppercase
		header_lowercase to_md5 to_sha1 to_sha256 from_base64 xor pcrexform luaxform`}
)

// isBuffer reports whether an option names a buffer. A name with a dot and a value is a condition,
// such as tls.version:1.2.
func isBuffer(name, value string) bool {
	_, known := buffers.Get()[name]
	return known || strings.Contains(name, ".") && value == "" || strings.HasPrefix(name, "frame")
}

// where returns the location of a buffer.
func where(buffer string) location {
	if w, ok := buffers.Get()[buffer]; ok {
		return w
	}
	if buffer == "" {
		return inPacket
	}
	return partOf
}

// enter makes buffer the buffer of the following contents.
func (s *reader) enter(buffer string) {
	if where(buffer) == inPacket {
		buffer = ""
	}
	s.sticky, s.transforms, s.moved = buffer, nil, true
}

// into makes buffer the buffer of the last content.
func (s *reader) into(buffer string) {
	if where(buffer) == inPacket {
		buffer = ""
	}
	if s.last != nil {
		s.last.buffer = buffer
	}
}

// buffer takes an option with the name of a buffer.
func (s *reader) buffer(name string) {
	switch {
	case name == "rawbytes":
		s.into("")
	case oldStyleBuffers.Has(name) && !s.snort3 && s.last != nil:
		s.into(name)
	default:
		s.enter(name)
	}
}

// transform takes a transformation of the current buffer.
func (s *reader) transform(name string) {
	s.TakeInPart(whyTransformed, name)
	if s.transforms == nil {
		s.transforms = map[string]bool{}
	}
	s.transforms[name] = true
}

// found reports whether the packet contains the buffer of c. It adapts c to the search in the
// packet.
func (s *reader) found(c *content) bool {
	w := where(c.buffer)
	if strings.HasPrefix(c.buffer, "dns") && !c.regex && !strings.Contains(string(c.text), ".") {
		w = partOf // the packet has the labels, without dots between
	}
	if w == decoded || c.otherText {
		s.TakeInPart(whyDecoded, c.buffer)
		return false
	}
	if w == partOf {
		s.TakeInPart(whyBuffer, c.buffer)
	}
	if lowerCaseBuffers.Has(c.buffer) || c.otherCase {
		c.nocase = true
	}
	return true
}
