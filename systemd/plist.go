package systemd

import (
	_ "embed"
	"strings"
)

//go:embed launchd.plist.in
var plistTemplate string

// Plist returns the property list for launchd. What the service says goes to the
// file log, which newsyslog can rotate.
func (u *Unit) Plist(log string) string {
	var arguments strings.Builder
	for _, w := range append([]string{u.Executable, u.Role}, u.Arguments...) {
		arguments.WriteString("\t\t<string>" + escape.Replace(w) + "</string>\n")
	}
	user := ""
	if u.User != "" {
		user = "\t<key>UserName</key>\n\t<string>" + escape.Replace(u.User) + "</string>\n"
	}
	return strings.NewReplacer(
		"@MARK@", Mark,
		"@LABEL@", escape.Replace(u.Name()),
		"@ARGUMENTS@\n", arguments.String(),
		"@USER@\n", user,
		"@LOG@", escape.Replace(log),
	).Replace(plistTemplate)
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
