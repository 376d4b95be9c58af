// Hosts files that block names by giving them an address that leads nowhere.

package importer

import (
	"bytes"
	"net/netip"
	"strings"

	"trawl/edge/ondemand"
)

const (
	whyHostsLine    = "not an address with names behind it"
	whyHostsMachine = "the name of a machine: 0.0.0.0, 127.0.0.1, :: and ::1 alone say that a name is blocked"
	whyHostsOwn     = "a name of the machine itself"
	whyHostsName    = "not a host name"
	whyHostsTwice   = "repeated: the list has the name already"

	noteHosts = "names are whole words in any case: also found within longer names (www.NAME)"
)

// hostsBlocks are the addresses that block a name.
var hostsBlocks = ondemand.Words{List: "0.0.0.0 127.0.0.1 :: ::1"}

// hostsOwn are names that every hosts file has.
var hostsOwn = ondemand.Words{List: "localhost.localdomain localhost4.localdomain4 localhost6.localdomain6 0.0.0.0"}

// hostName is a name with a dot in it; others can be words of any text.
var hostName = ondemand.Regexp{Expr: `^(?:[\pL\pN_](?:[\pL\pN\pM_-]*[\pL\pN\pM_])?\.)+[\pL\pN_](?:[\pL\pN\pM_-]*[\pL\pN\pM_])?$`}

// readHosts makes one rule of all names of a file.
func readHosts(j *job, in *input) {
	seen := map[string]bool{}
	var list *entry
	name := func(line int, text string) {
		text = strings.ToLower(strings.TrimSuffix(text, "."))
		skip := func(why string) {
			e := j.begin(in.path, line, text, "")
			e.skip(why, text)
			e.end()
		}
		switch {
		case hostsOwn.Has(text) || !strings.Contains(text, "."):
			skip(whyHostsOwn)
		case !hostName.Get().MatchString(text):
			skip(whyHostsName)
		case seen[text]:
			skip(whyHostsTwice)
		case list == nil:
			list = j.begin(in.path, line, "", idFrom(stem(in.path)))
			list.remark(noteHosts)
			list.base.NoCase, list.base.Whole = true, true
			list.made, list.names = []Rule{list.base}, []string{""}
			fallthrough
		default:
			if seen[text] = true; len(list.made[0].Literals) > 0 {
				j.findings = append(j.findings, finding{file: in.path, line: line, remarks: list.remarks})
			}
			list.made[0].Literals = append(list.made[0].Literals, []byte(text))
			j.size += len(text) + 8
			j.checkSize(in.path, line)
		}
	}
	j.lines(in, func(number int, line []byte) bool {
		line, _, _ = bytes.Cut(line, []byte{'#'})
		fields := strings.Fields(string(line))
		if len(fields) == 0 {
			j.aside.add("comments and blank lines")
			return true
		}
		address, err := netip.ParseAddr(fields[0])
		if err != nil || len(fields) == 1 {
			e := j.begin(in.path, number, "", "")
			e.skip(whyHostsLine, string(line))
			e.end()
			return true
		}
		for _, field := range fields[1:] {
			if hostsBlocks.Has(address.String()) {
				name(number, field)
				continue
			}
			e := j.begin(in.path, number, field, "")
			e.skip(whyHostsMachine, fields[0]+" "+field)
			e.end()
		}
		return !j.fatal
	})
	if list != nil {
		list.end()
	}
}
