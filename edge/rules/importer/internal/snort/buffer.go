package snort

// Where Snort and Suricata look for a content: the packet, or a buffer made of it.

import (
	"strings"

	"trawl/edge/ondemand"
)

// whereabouts of a buffer in the packet.
type whereabouts int

const (
	inPacket whereabouts = iota // it is the packet
	partOf                      // a part of the packet, as it is or nearly so
	decoded                     // made of the packet: what is in it is not in the packet
)

// buffers are the buffers without a dot in their names; those with a dot are
// partOf, if they are not here.
var buffers = ondemand.Value[map[string]whereabouts]{Make: func() map[string]whereabouts {
	m := map[string]whereabouts{}
	for where, names := range map[whereabouts]string{
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

// oldStyleBuffers are the buffers that stand behind their content in Snort 2 and in
// Suricata. All others hold for the contents behind them.
var oldStyleBuffers = ondemand.Words{List: `http_uri http_raw_uri http_header http_raw_header http_cookie http_raw_cookie http_method http_client_body http_server_body
	http_stat_code http_stat_msg http_user_agent http_host http_raw_host`}

// lowerCaseBuffers are the buffers whose text is made lower case.
var lowerCaseBuffers = ondemand.Words{List: `http_host http.host`}

// pcreBuffers are the flags of pcre that name a buffer.
var pcreBuffers = ondemand.Value[map[rune]string]{Make: func() map[rune]string {
	return map[rune]string{
		'U': "http_uri", 'I': "http_raw_uri", 'P': "http_client_body", 'H': "http_header", 'D': "http_raw_header", 'M': "http_method", 'C': "http_cookie",
		'K': "http_raw_cookie", 'S': "http_stat_code", 'Y': "http_stat_msg", 'V': "http_user_agent", 'W': "http_host", 'Z': "http_raw_host", 'Q': "http_server_body",
	}
}}

// Transformations of Suricata, which change the buffer before contents are looked for.
var (
	caseTransforms = ondemand.Words{List: `to_lowercase to_uppercase header_lowercase`}
	textTransforms = ondemand.Words{List: `to_md5 to_sha1 to_sha256 from_base64 xor pcrexform luaxform`}
	transformNames = ondemand.Words{List: `strip_whitespace compress_whitespace strip_pseudo_headers dotprefix url_decode domain tld to_lowercase to_uppercase
		header_lowercase to_md5 to_sha1 to_sha256 from_base64 xor pcrexform luaxform`}
)

// isBuffer tells names of buffers. Those with a dot that have a value are other
// conditions, such as tls.version:1.2.
func isBuffer(name, value string) bool {
	_, known := buffers.Get()[name]
	return known || strings.Contains(name, ".") && value == "" || strings.HasPrefix(name, "frame")
}

// where a buffer is.
func where(buffer string) whereabouts {
	if w, ok := buffers.Get()[buffer]; ok {
		return w
	}
	if buffer == "" {
		return inPacket
	}
	return partOf
}

// enter makes buffer that of the contents behind.
func (s *reader) enter(buffer string) {
	if where(buffer) == inPacket {
		buffer = ""
	}
	s.sticky, s.transforms, s.moved = buffer, nil, true
}

// into puts the last content into buffer.
func (s *reader) into(buffer string) {
	if where(buffer) == inPacket {
		buffer = ""
	}
	if s.last != nil {
		s.last.buffer = buffer
	}
}

// buffer takes an option that names one.
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

// transform takes a transformation of the buffer under way.
func (s *reader) transform(name string) {
	s.TakeInPart(whyTransformed, name)
	if s.transforms == nil {
		s.transforms = map[string]bool{}
	}
	s.transforms[name] = true
}

// found says whether what is in the buffer of c is in the packet, too, and makes of c
// what can be looked for in the packet.
func (s *reader) found(c *content) bool {
	w := where(c.buffer)
	if strings.HasPrefix(c.buffer, "dns") && !c.regex && !strings.Contains(string(c.text), ".") {
		w = partOf // labels are in the packet, without the dots between them
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
