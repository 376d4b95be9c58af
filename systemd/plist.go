package systemd

// The property list for launchd.

import (
	_ "embed"
	"strings"
)

//go:embed launchd.plist.in
var plistTemplate string

// MacUser is the role account that daemons of macOS run as. Names of role accounts begin with _.
const MacUser = "_trawl"

// MacStateDir is the folder for packs of a daemon of macOS, whose account has no home.
const MacStateDir = "/var/db/trawl"

// forAgents lets a user's own agent run where the user is logged in at a screen, and
// where by ssh alone.
const forAgents = `	<key>LimitLoadToSessionType</key>
	<array>
		<string>Aqua</string>
		<string>Background</string>
	</array>
`

// forDaemons names the folder of the packs as systemd does.
const forDaemons = `	<key>EnvironmentVariables</key>
	<dict>
		<key>STATE_DIRECTORY</key>
		<string>` + MacStateDir + `</string>
	</dict>
`

// Plist returns the property list for launchd. The service's output goes to the file log, which
// newsyslog can rotate.
func (u *Unit) Plist(log string) string {
	var arguments strings.Builder
	for _, w := range append([]string{u.Executable, u.Role}, u.Arguments...) {
		arguments.WriteString("\t\t<string>" + escape.Replace(w) + "</string>\n")
	}
	user, place := "", forAgents
	if u.User != "" {
		if place = ""; u.Role == "worker" {
			place = forDaemons
		}
		user = "\t<key>UserName</key>\n\t<string>" + escape.Replace(u.User) + "</string>\n"
	}
	return strings.NewReplacer(
		"@MARK@", Mark,
		"@LABEL@", escape.Replace(u.Name()),
		"@ARGUMENTS@\n", arguments.String(),
		"@USER@\n", user,
		"@PLACE@\n", place,
		"@LOG@", escape.Replace(log),
	).Replace(plistTemplate)
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
