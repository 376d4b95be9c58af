package service

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trawl/test/need"
)

// openTo makes a folder of the test that everybody can pass, and all above it: in the
// folder for temporary files, or in /tmp if that one is closed.
func openTo(t *testing.T) string {
	t.Helper()
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		dir, err := os.MkdirTemp(parent, "trawl-")
		if err != nil {
			continue
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if everybodyPasses(dir) {
			return dir
		}
	}
	need.That(t, false, "folder for temporary files that everybody can pass")
	return ""
}

func everybodyPasses(dir string) bool {
	for d := dir; d != "/"; d = filepath.Dir(d) {
		if info, err := os.Stat(d); err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
	}
	return true
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// fileWith makes an empty file and the folders that it is in, whatever the umask.
func fileWith(t *testing.T, path string, mode os.FileMode) string {
	t.Helper()
	var missing []string
	for folder := filepath.Dir(path); !exists(folder); folder = filepath.Dir(folder) {
		missing = append(missing, folder)
	}
	for _, folder := range slices.Backward(missing) {
		if err := errors.Join(os.Mkdir(folder, 0o700), os.Chmod(folder, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

const runningUnit = "LoadState=loaded\nActiveState=active\nSubState=running\nUser=trawl\nProtectSystem=strict\n" +
	"FragmentPath=/etc/systemd/system/trawl-worker.service\nUnitFileState=enabled\n" +
	"ExecStart={ path=/usr/local/bin/trawl ; argv[]=/usr/local/bin/trawl worker --config /etc/trawl/second.yaml ; ignore_errors=no ; pid=0 }\n"

// Files are looked at as the user of the unit, whoever asks.
func TestWhatTheUserOfAServiceCannotUse(t *testing.T) {
	dir := openTo(t)
	b := newBoard(t)
	b.host.identify = func(name string) account {
		if name == "root" {
			return account{name: name}
		}
		return account{name: name, uid: 1 << 29, gids: []int{1 << 28}}
	}
	key := fileWith(t, filepath.Join(dir, "board.key"), 0o600)
	hidden := fileWith(t, filepath.Join(dir, "rules/inner/hidden.txt"), 0o600)
	open := fileWith(t, filepath.Join(dir, "words.txt"), 0o644)
	state := filepath.Join(dir, "state")
	for name, c := range map[string]struct {
		unit           string
		files, folders []string
		says           []string // one for each problem
	}{
		"all is well":              {runningUnit, []string{open}, nil, nil},
		"key copied as root":       {runningUnit, []string{key}, nil, []string{"the user trawl, as which the service runs, cannot read it (mode 0600): chown trawl " + key}},
		"of another user":          {strings.Replace(runningUnit, "User=trawl", "User=ann", 1), []string{key}, nil, []string{"the user ann"}},
		"of root":                  {strings.Replace(runningUnit, "User=trawl", "User=", 1), []string{key}, nil, nil},
		"of a user for each start": {runningUnit + "DynamicUser=yes\n", []string{key}, nil, []string{"LoadCredential="}},
		"file in a folder":         {runningUnit, []string{filepath.Join(dir, "rules")}, nil, []string{hidden}},
		"hidden from the service":  {runningUnit + "PrivateTmp=yes\nProtectHome=yes\n", []string{"/home/ann/words.txt"}, nil, []string{"a service does not see /home"}},
		"missing":                  {runningUnit, []string{filepath.Join(dir, "none")}, nil, []string{"no such file"}},
		"folder outside of the unit's": {
			runningUnit, nil,
			[]string{state},
			[]string{"the unit lets the service write to /var/lib/trawl and /run/trawl alone"},
		},
		"folder that the unit allows": {runningUnit + "ReadWritePaths=" + dir + "\n", nil, []string{state}, []string{"cannot be made by the user trawl in " + dir}},
		"folder of the unit itself":   {runningUnit, nil, []string{"/var/lib/trawl/packs"}, nil},
		"what cannot be a folder":     {strings.Replace(runningUnit, "strict", "no", 1), nil, []string{filepath.Join(open, "state")}, []string{"is not a directory"}},
	} {
		b.tells[showCommand+"trawl-worker.service"] = c.unit
		s := b.open(func(o *Options) { o.Role = "worker" })
		st, err := s.Status()
		if err != nil {
			t.Fatal(err)
		}
		problems := s.Unusable(&st, c.files, c.folders)
		for i, want := range c.says {
			if i < len(problems) && !strings.Contains(problems[i].Error(), want) {
				t.Errorf("%s: %v, want %q", name, problems[i], want)
			}
		}
		if len(problems) != len(c.says) {
			t.Errorf("%s: %d problems %v, want %d", name, len(problems), problems, len(c.says))
		}
		if st.Config != "/etc/trawl/second.yaml" || st.Program != "/usr/local/bin/trawl" {
			t.Errorf("%s: program %q with %q", name, st.Program, st.Config)
		}
	}
}

func TestWhatNobodyCanWrite(t *testing.T) {
	file := fileWith(t, filepath.Join(t.TempDir(), "file"), 0o644)
	if err := Writable(filepath.Join(file, "a", "b"), true); err == nil || !strings.Contains(err.Error(), file+" is not a directory") {
		t.Errorf("below a file: %v", err)
	}
	if _, err := os.Stat("/proc/self"); err == nil {
		if err := Writable("/proc/nothing/trawl", false); err == nil || !strings.Contains(err.Error(), "takes no files") {
			t.Errorf("below /proc: %v", err)
		}
	}
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "new", "one")} {
		if err := Writable(dir, true); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestInstalledServicesAreFound(t *testing.T) {
	b := newBoard(t)
	b.write(brokerUnit, "ours")
	b.write("/usr/lib/systemd/system/trawl-broker.service", "the package's")
	b.write("/usr/lib/systemd/system/trawl-worker.service", "the package's")
	b.write("/etc/systemd/system/trawl-worker-zwei.service", "ours")
	b.write("/etc/systemd/system/trawl-cleaner.service", "somebody's")
	b.write("/etc/systemd/system/trawl-broker.service.d/x.conf", "a drop-in")
	var names []string
	for _, s := range installed(b.host) {
		names = append(names, s.Name())
	}
	if want := []string{"trawl-broker", "trawl-worker", "trawl-worker-zwei"}; !slices.Equal(names, want) {
		t.Errorf("found %q, want %q", names, want)
	}
	b.host.platform = ""
	if list := installed(b.host); len(list) != 0 {
		t.Errorf("without a manager: %d", len(list))
	}
}

func TestStatusQuotesTheLastErrorAndARefusal(t *testing.T) {
	b := newBoard(t)
	const journal = "journalctl --unit=trawl-worker --priority=err --lines=1 --output=cat --no-pager --quiet"
	b.tells[journal] = "trawl: read key file: open /etc/trawl/x.key: permission denied\n"
	s := b.open(func(o *Options) { o.Role = "worker" })
	for show, want := range map[string]struct{ lastError, refused string }{
		"LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nNRestarts=3\n": {"read key file: open /etc/trawl/x.key: permission denied", ""},
		runningUnit + "StatusText=connected to 1 broker\n":                               {"", ""},
		runningUnit + "StatusText=refused by the broker at tcp://pi1:5556: a worker named \"pi2\" is connected already, from 10.0.0.7:1; give this one another --name\n": {
			"", `tcp://pi1:5556: a worker named "pi2" is connected already, from 10.0.0.7:1; give this one another --name`,
		},
		runningUnit + "StatusText=connected to 1 of 2 brokers; refused by tcp://pi9:5556: why\n": {"", "tcp://pi9:5556: why"},
	} {
		b.tells[showCommand+"trawl-worker.service"] = show
		st, err := s.Status()
		if err != nil || st.LastError != want.lastError || st.Refused != want.refused {
			t.Errorf("%q: last error %q, refused %q (%v); want %+v", show, st.LastError, st.Refused, err, want)
		}
	}
	b.fails[journal] = errors.New("no permission")
	b.tells[showCommand+"trawl-worker.service"] = "LoadState=loaded\nActiveState=failed\n"
	if st, err := s.Status(); err != nil || st.LastError != "" || st.State != Failing {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestConfigurationOfACommandLine(t *testing.T) {
	for line, want := range map[string][2]string{
		"{ path=/usr/bin/trawl ; argv[]=/usr/bin/trawl broker ; ignore_errors=no ; start_time=[n/a] }":                       {"/usr/bin/trawl", ""},
		"{ path=/usr/bin/trawl ; argv[]=/usr/bin/trawl worker --name b --config=/etc/b.yaml ; ignore_errors=no }":            {"/usr/bin/trawl", "/etc/b.yaml"},
		"{ path=/opt/my programs/trawl ; argv[]=\"/opt/my programs/trawl\" worker --config /etc/b.yaml ; ignore_errors=no }": {"/opt/my programs/trawl", "/etc/b.yaml"},
		"": {"", ""},
		"{ path=/bin/x ; argv[]=/bin/x --config ; ": {"/bin/x", ""},
	} {
		if program, config := commandOf(line); program != want[0] || config != want[1] {
			t.Errorf("%s: %q, %q", line, program, config)
		}
	}
}
