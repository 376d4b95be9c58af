package lists

// Hosts files that block names: the names have an address without a host.

import (
	"bytes"
	"net/netip"
	"path/filepath"
	"strings"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/job"
)

const (
	whyHostsLine    = "not an address with names behind it"
	whyHostsMachine = "the name of a machine: 0.0.0.0, 127.0.0.1, :: and ::1 alone say that a name is blocked"
	whyHostsOwn     = "a name of the machine itself"
	whyHostsName    = "not a host name"
	whyHostsTwice   = "repeated: the list has the name already"

	noteHosts = "names are whole words in any case: also found within longer names (www.NAME)"
)

// hostsBlocks are the addresses for blocked names.
var hostsBlocks = ondemand.Words{List: "0.0.0.0 127.0.0.1 :: ::1"}

// hostsOwn are names in every hosts file.
var hostsOwn = ondemand.Words{List: "localhost.localdomain localhost4.localdomain4 localhost6.localdomain6 0.0.0.0"}

// hostName matches names with a dot; a name without a dot could be a word of any text.
var hostName = ondemand.Regexp{Expr: `^(?:[\pL\pN_](?:[\pL\pN\pM_-]*[\pL\pN\pM_])?\.)+[\pL\pN_](?:[\pL\pN\pM_-]*[\pL\pN\pM_])?$`}

var Hosts = job.Kind{
	Name: "hosts", What: "hosts files that block names (0.0.0.0 name)", InFolder: isHostsFile,
	Open: func() job.Reader { return job.Stateless(readHosts) }, WhyNotRule: whyHostsLine,
}

// isHostsFile also accepts files called hosts.
func isHostsFile(path, _ string) bool {
	extension := strings.ToLower(filepath.Ext(path))
	return strings.HasPrefix(filepath.Base(path), "hosts") || extension == ".txt" || extension == ".hosts"
}

// readHosts makes a rule of all names in a file.
func readHosts(j *job.Job, in *job.Input) {
	seen := map[string]bool{}
	var list *job.LiteralList
	name := func(line int, text string) {
		text = strings.ToLower(strings.TrimSuffix(text, "."))
		skip := func(why string) {
			e := j.Begin(in.Path, line, text, "")
			e.Skip(why, text)
			e.End()
		}
		switch {
		case hostsOwn.Has(text) || !strings.Contains(text, "."):
			skip(whyHostsOwn)
		case !hostName.Get().MatchString(text):
			skip(whyHostsName)
		case seen[text]:
			skip(whyHostsTwice)
		default:
			if list == nil {
				l := j.BeginList(in.Path, line, job.IDFrom(job.Stem(in.Path)))
				list = &l
				list.Remark(noteHosts)
				list.Base.NoCase, list.Base.Whole = true, true
			}
			seen[text] = true
			list.Add(line, []byte(text))
		}
	}
	j.Lines(in, func(number int, line []byte) bool {
		line, _, _ = bytes.Cut(line, []byte{'#'})
		fields := strings.Fields(string(line))
		if len(fields) == 0 {
			j.PassedOver.Add("comments and blank lines")
			return true
		}
		address, err := netip.ParseAddr(fields[0])
		if err != nil || len(fields) == 1 {
			e := j.Begin(in.Path, number, "", "")
			e.Skip(whyHostsLine, string(line))
			e.End()
			return true
		}
		for _, field := range fields[1:] {
			if hostsBlocks.Has(address.String()) {
				name(number, field)
				continue
			}
			e := j.Begin(in.Path, number, field, "")
			e.Skip(whyHostsMachine, fields[0]+" "+field)
			e.End()
		}
		return !j.Fatal
	})
	if list != nil {
		list.End()
	}
}
