package crs

// The variables and transformations of ModSecurity.

import (
	"strings"

	"trawl/edge/ondemand"
)

// textVariable reports whether one of the variables is text of a request or response.
func textVariable(variables string) bool {
	for v := range strings.FieldsFuncSeq(variables, func(r rune) bool { return r == '|' || r == ',' }) {
		name, _, _ := strings.Cut(strings.ToUpper(v), ":")
		switch {
		case v == "" || v[0] == '&' || v[0] == '!':
		case noText.Has(name) || strings.HasPrefix(name, "MULTIPART_") || strings.HasPrefix(name, "TIME") || strings.HasSuffix(name, "_SIZE"):
		default:
			return true
		}
	}
	return false
}

var noText = ondemand.Words{List: `TX IP GLOBAL SESSION RESOURCE USER ENV DURATION GEO HIGHEST_SEVERITY REMOTE_ADDR REMOTE_PORT SERVER_ADDR SERVER_PORT UNIQUE_ID
	REQBODY_ERROR REQBODY_PROCESSOR REQBODY_PROCESSOR_ERROR INBOUND_DATA_ERROR OUTBOUND_DATA_ERROR RESPONSE_STATUS RESPONSE_CONTENT_LENGTH
	REQUEST_BODY_LENGTH RULE WEBAPPID SESSIONID USERID PERF_ALL MATCHED_VARS_NAMES MODSEC_BUILD STATUS_LINE`}

// transformations returns the effect of a rule's t: actions: whether letters become lower case, a
// transformation that yields a different text, and the transformations that are not applied.
func transformations(list []string) (lower bool, changes, partly string) {
	for _, t := range list {
		switch name := strings.ToLower(t); name {
		case "none":
			lower, changes, partly = false, "", ""
		case "lowercase":
			lower = true
		case "length", "sha1", "md5", "hexencode", "hexdecode", "base64encode", "base64decode", "base64decodeext", "parityeven7bit", "parityodd7bit",
			"parityzero7bit", "sqlhexdecode", "urlencode", "uppercase":
			changes = t
		default:
			if partly != "" {
				partly += ", "
			}
			partly += "t:" + t
		}
	}
	return lower, changes, partly
}
