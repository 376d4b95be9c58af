package match

// Rule sets of Debian packages, for tests and benchmarks.

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
	"testing"

	"trawl/test/need"
)

// packageFiles returns the files in a folder of an unpacked Debian package that match a
// pattern.
func packageFiles(tb testing.TB, name, folder string, patterns ...string) [][]byte {
	tb.Helper()
	folder = need.Unpacked(tb, folder, name)
	var files [][]byte
	for _, pattern := range patterns {
		paths, _ := filepath.Glob(filepath.Join(folder, pattern))
		for _, path := range paths {
			if body, err := os.ReadFile(path); err == nil {
				files = append(files, body)
			}
		}
	}
	if len(files) == 0 {
		tb.Fatalf("package %s has no file %s in %s", name, strings.Join(patterns, " or "), folder)
	}
	return files
}

// ruleSet are the rules of a package that compile, each once.
type ruleSet struct {
	*oracle
	pack   *Pack // of all rules: who changes anything about it loads one of its own
	memory int64 // predicted, of the regexes
}

// ruleSets are made once for all tests: that takes seconds with the race detector.
var ruleSets struct {
	sync.Mutex
	made map[string]*ruleSet
}

// ruleSetOf returns the rule set of a name, made of the expressions that read returns.
func ruleSetOf(tb testing.TB, name string, read func(testing.TB) []string) *ruleSet {
	tb.Helper()
	ruleSets.Lock()
	defer ruleSets.Unlock()
	if set := ruleSets.made[name]; set != nil {
		return set
	}
	b := NewBuilder(Options{Name: name})
	var rules []*Rule
	for _, expr := range read(tb) {
		r := &Rule{ID: expr, Regex: expr}
		if b.Add(r) == nil {
			rules = append(rules, r)
		}
	}
	set := &ruleSet{oracle: newOracle(rules), memory: regexMemory(b.regexes)}
	var err error
	if set.pack, err = b.Pack(); err != nil {
		tb.Fatal(err)
	}
	if ruleSets.made == nil {
		ruleSets.made = map[string]*ruleSet{}
	}
	ruleSets.made[name] = set
	return set
}

func logcheck(tb testing.TB) *ruleSet     { return ruleSetOf(tb, "logcheck", logcheckExprs) }
func spamassassin(tb testing.TB) *ruleSet { return ruleSetOf(tb, "spamassassin", spamExprs) }
func fail2ban(tb testing.TB) *ruleSet     { return ruleSetOf(tb, "fail2ban", failExprs) }

// packageRuleSets are all of them, by name.
var packageRuleSets = map[string]func(testing.TB) *ruleSet{
	"logcheck": logcheck, "spamassassin": spamassassin, "fail2ban": fail2ban,
}

// logcheckExprs are those of logcheck-database, one a line.
func logcheckExprs(tb testing.TB) []string {
	var exprs []string
	for _, file := range packageFiles(tb, "logcheck-database", "etc/logcheck", "*.d/*", "*.d.*/*") {
		for line := range strings.Lines(string(file)) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				exprs = append(exprs, line)
			}
		}
	}
	return exprs
}

var spamRule = regexp.MustCompile(`^\s*(?:body|rawbody|uri|full)\s+\S+\s+(?:\S+\s+=~\s+)?(?:/(.+)/|m\{(.+)\}|m'(.+)'|m,(.+),)([a-z]*)\s*$`)

// spamExprs are the bodies and URIs of spamassassin.
func spamExprs(tb testing.TB) []string {
	var exprs []string
	for _, file := range packageFiles(tb, "spamassassin", "usr/share/spamassassin", "*.cf") {
		for line := range strings.Lines(string(file)) {
			m := spamRule.FindStringSubmatch(strings.TrimRight(line, "\n"))
			if m == nil {
				continue
			}
			expr := strings.ReplaceAll(m[1]+m[2]+m[3]+m[4], `\/`, "/")
			if strings.Contains(m[5], "i") {
				expr = "(?i)" + expr
			}
			if strings.Contains(m[5], "s") {
				expr = "(?s)" + expr
			}
			exprs = append(exprs, expr)
		}
	}
	return exprs
}

var failRegex = regexp.MustCompile(`(?m)^\s*(?:fail|ignore)regex\s*=\s*(.*(?:\n[ \t]+.+)*)`)

// failExprs are the filters of fail2ban, with what stands for a host filled in.
func failExprs(tb testing.TB) []string {
	var exprs []string
	host := strings.NewReplacer("<HOST>", `(?:::f{4,6}:)?(?P<host>\S+)`, "<ADDR>", `[\d.:a-f]+`, "%%", "%",
		"%(__prefix_line)s", `(?:\S+ )?\S+(?:\[\d+\])?: `, "<F-", "(?:<", "(?P<", "(?P<")
	for _, file := range packageFiles(tb, "fail2ban", "etc/fail2ban/filter.d", "*.conf") {
		for _, m := range failRegex.FindAllSubmatch(file, -1) {
			for line := range strings.Lines(string(m[1])) {
				if line = strings.TrimSpace(line); line != "" {
					exprs = append(exprs, host.Replace(line))
				}
			}
		}
	}
	return exprs
}

// linesFor returns about size bytes of lines made for the rules, few of which
// make most of the lines; in one of mangled a byte is another, in one of wide
// there is text that is not ASCII.
func linesFor(rules []*Rule, size, mangled, wide int) []byte {
	g := textGenerator{rand.New(rand.NewPCG(1, 2)), 8}
	order := g.Perm(len(rules))
	zipf := rand.NewZipf(g.Rand, 1.2, 20, uint64(len(rules)-1))
	var block bytes.Buffer
	for block.Len() < size {
		tree, _ := syntax.Parse(rules[order[zipf.Uint64()]].Regex, syntax.Perl)
		line := g.appendMatch(nil, tree)
		if len(line) > 300 {
			continue
		}
		for i, c := range line {
			if c == '\n' {
				line[i] = ' '
			}
		}
		if mangled > 0 && g.IntN(mangled) == 0 && len(line) > 0 {
			line[g.IntN(len(line))] = byte(' ' + g.IntN(90))
		}
		block.Write(line)
		if wide > 0 && g.IntN(wide) == 0 {
			block.WriteString(" für größere Übertragung — naïve €")
		}
		block.WriteByte('\n')
	}
	return block.Bytes()
}

// syslogLines returns size bytes of lines as a mail server logs them.
func syslogLines(size int) []byte {
	g := textGenerator{rand.New(rand.NewPCG(3, 4)), 6}
	var trees []*syntax.Regexp
	for _, expr := range []string{
		`sshd\[\d{3,5}\]: Failed password for (root|admin|(invalid user )?[a-z]{4,8}) from 10\.\d\d\.\d{1,2}\.\d port \d{5} ssh2`,
		`sshd\[\d{3,5}\]: Accepted publickey for [a-z]{4,8} from 10\.\d\d\.\d{1,2}\.\d port \d{5} ssh2: RSA SHA256:[0-9a-zA-Z+/]{43}`,
		`sshd\[\d{3,5}\]: Connection closed by authenticating user root 10\.\d\d\.\d{1,2}\.\d port \d{5} \[preauth\]`,
		`sshd\[\d{3,5}\]: Received disconnect from 10\.\d\d\.\d{1,2}\.\d port \d{5}:11: Bye Bye \[preauth\]`,
		`sshd\[\d{3,5}\]: pam_unix\(sshd:session\): session (opened|closed) for user [a-z]{4,8}`,
		`CRON\[\d{3,5}\]: \(root\) CMD \(   cd / && run-parts --report /etc/cron.hourly\)`,
		`CRON\[\d{3,5}\]: pam_unix\(cron:session\): session (opened|closed) for user root(\(uid=0\) by \(uid=0\))?`,
		`postfix/smtpd\[\d{3,5}\]: (dis)?connect from [a-z]{4,8}\.example\.(com|org)\[10\.\d\d\.\d{1,2}\.\d\]`,
		`postfix/smtpd\[\d{3,5}\]: warning: hostname [a-z]{4,8}\.example\.org does not resolve to address 10\.\d\d\.\d{1,2}\.\d: Name or service not known`,
		`postfix/qmgr\[\d{3,5}\]: [0-9A-F]{10}: from=<[a-z]{4,8}@example\.org>, size=\d{4}, nrcpt=1 \(queue active\)`,
		`postfix/smtp\[\d{3,5}\]: [0-9A-F]{10}: to=<[a-z]{4,8}@example\.org>, relay=mx\.example\.org\[10\.\d\d\.\d{1,2}\.\d\]:25, delay=0\.\d\d, delays=0\.1/0/0\.2/0\.3, dsn=2\.0\.0, status=sent \(250 2\.0\.0 Ok: queued as [0-9A-F]{10}\)`,
		`postfix/cleanup\[\d{3,5}\]: [0-9A-F]{10}: message-id=<[0-9a-z]{20}@[a-z]{4,8}\.example\.org>`,
		`dovecot: imap-login: Login: user=<[a-z]{4,8}>, method=PLAIN, rip=10\.\d\d\.\d{1,2}\.\d, lip=10\.0\.0\.1, mpid=\d{4}, TLS, session=<[0-9a-zA-Z]{16}>`,
		`dovecot: imap\([a-z]{4,8}\)<\d{4}><[0-9a-zA-Z]{16}>: Logged out in=\d{3} out=\d{4} deleted=0 expunged=0`,
		`kernel: \[ ?\d{5}\.\d{6}\] \[UFW BLOCK\] IN=eth0 OUT= MAC=([0-9a-f]{2}:){13}[0-9a-f]{2} SRC=10\.\d\d\.\d{1,2}\.\d DST=10\.0\.0\.1 LEN=40 TOS=0x00 PREC=0x00 TTL=\d{3} ID=\d{5} PROTO=TCP SPT=\d{5} DPT=\d{4} WINDOW=1024 RES=0x00 SYN URGP=0`,
		`kernel: \[ ?\d{5}\.\d{6}\] usb 1-1: new high-speed USB device number \d using xhci_hcd`,
		`systemd\[1\]: (Started|Stopped|Starting) (Daily apt download activities|Session \d{4} of user [a-z]{4,8}|Cleanup of Temporary Directories)\.`,
		`systemd\[1\]: [a-z]{4,8}\.service: (Succeeded|Deactivated successfully)\.`,
		`dhclient\[\d{3,5}\]: DHCP(REQUEST|ACK) (on|of) 10\.0\.0\.\d{1,2} (to|from) 10\.0\.0\.1( port 67)?`,
		`named\[\d{3,5}\]: client @0x[0-9a-f]{12} 10\.\d\d\.\d{1,2}\.\d#\d{5} \([a-z]{4,8}\.example\.com\): query \(cache\) '[a-z]{4,8}\.example\.com/A/IN' denied`,
		`apache2\[\d{3,5}\]: 10\.\d\d\.\d{1,2}\.\d - - "GET /[a-z]{4,12}\.(html|php|png) HTTP/1\.1" 200 \d{4} "-" "Mozilla/5\.0 \(X11; Linux x86_64\)"`,
		`rsyslogd: \[origin software="rsyslogd" swVersion="8\.\d{4}\.0" x-pid="\d{3}" x-info="https://www\.rsyslog\.com"\] rsyslogd was HUPed`,
	} {
		tree, err := syntax.Parse(expr, syntax.Perl)
		if err != nil {
			panic(err)
		}
		trees = append(trees, tree)
	}
	zipf := rand.NewZipf(g.Rand, 1.1, 5, uint64(len(trees)-1))
	stamp, _ := syntax.Parse(`Mar [ 12]\d [012]\d:[0-5]\d:[0-5]\d (mail|web|gate)\d `, syntax.Perl)
	var block []byte
	for len(block) < size {
		line := g.appendMatch(g.appendMatch(nil, stamp), trees[zipf.Uint64()])
		block = append(append(block, line...), '\n')
	}
	return block
}
