// The clients and workers of docs/clients.md: the page shows the files that run
// here, and the output that they have here.

package test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

const (
	clientsPage = "../docs/clients.md"
	clientsDir  = "../docs/examples/clients"
	mostLines   = 15 // of an example, see codeLines
)

// exampleBlock is a link to an example followed by its text, and perhaps by a
// block of what it prints.
var exampleBlock = regexp.MustCompile("(?s)\\]\\(examples/clients/([^)]+)\\):\n\n```[a-z]+\n(.*?)```\n(?:\n```text\n(.*?)```\n)?")

// pageExample is one of the page's.
type pageExample struct{ code, output string }

var pageExamples = sync.OnceValues(func() (map[string]pageExample, error) {
	page, err := os.ReadFile(clientsPage)
	if err != nil {
		return nil, err
	}
	found := make(map[string]pageExample)
	for _, m := range exampleBlock.FindAllStringSubmatch(string(page), -1) {
		found[m[1]] = pageExample{code: m[2], output: m[3]}
	}
	return found, nil
})

// outputOf is what the page says that an example prints.
func outputOf(t *testing.T, name string) string {
	t.Helper()
	all, err := pageExamples()
	if err != nil {
		t.Fatal(err)
	}
	if all[name].output == "" {
		t.Fatalf("docs/clients.md shows no output of %s", name)
	}
	return all[name].output
}

func TestClientsPageShowsTheFiles(t *testing.T) {
	t.Parallel()
	shown, err := pageExamples()
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	err = filepath.WalkDir(clientsDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".py", ".go", ".c", ".mjs"}, filepath.Ext(path)) {
			return err
		}
		name, err := filepath.Rel(clientsDir, path)
		files = append(files, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(shown) != len(files) {
		t.Errorf("docs/clients.md shows %d examples, %s holds %d", len(shown), clientsDir, len(files))
	}
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(clientsDir, name))
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := shown[name]; !ok {
			t.Errorf("docs/clients.md does not show %s", name)
		} else if e.code != string(text) {
			t.Errorf("docs/clients.md shows another %s than the file:\n%s", name, e.code)
		}
		if n := codeLines(string(text)); n > mostLines {
			t.Errorf("%s has %d lines of code, more than %d", name, n, mostLines)
		}
	}
}

// codeLines counts the lines between what a language wants around them: without
// imports, blank lines, and lines that only close something.
func codeLines(text string) (n int) {
	if i := strings.Index(text, "\nfunc main"); i >= 0 {
		text = text[i:]
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && line != "}" && !strings.HasPrefix(line, "#include") && !strings.HasPrefix(line, "import ") {
			n++
		}
	}
	return n
}

// ---- the programs ----

var exampleLayers = map[string]func() bool{
	"libzmq3-dev": func() bool { _, err := cClient(); return err == nil },
	"npm":         func() bool { _, err := nodeClient(); return err == nil },
}

func init() {
	for layer, ok := range exampleLayers {
		installed[layer] = ok
	}
}

// built runs a command that makes the program or folder scratch/name.
func built(dir, name string, argv ...string) (string, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", &buildError{argv, err, out}
	}
	return filepath.Join(scratch, name), nil
}

type buildError struct {
	argv []string
	err  error
	out  []byte
}

func (e *buildError) Error() string {
	return strings.Join(e.argv, " ") + ": " + e.err.Error() + "\n" + string(e.out)
}

var cClient = sync.OnceValues(func() (string, error) {
	const name = "c-ask"
	return built(filepath.Join(clientsDir, "c"), name, "gcc", "-Wall", "-Wextra", "-Werror", "-o", filepath.Join(scratch, name), "ask.c", "-lzmq")
})

// nodeClient is a copy of the example, beside which npm has installed zeromq.
var nodeClient = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(scratch, "node")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(clientsDir, "node"))); err != nil {
		return "", err
	}
	return built(dir, "node/ask.mjs", "npm", "install", "--no-audit", "--no-fund")
})

func goExample(t *testing.T, folder string) string {
	t.Helper()
	name := strings.ReplaceAll(folder, "/", "-")
	path, err := built(filepath.Join(clientsDir, folder), name, "go", "build", "-o", filepath.Join(scratch, name), ".")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// clientCommand is the command line of an example, without its endpoint.
func clientCommand(t *testing.T, name string) []string {
	t.Helper()
	made := func(path string, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	switch folder, _, _ := strings.Cut(name, "/"); folder {
	case "python":
		need(t, "python3-zmq")
		path, err := filepath.Abs(filepath.Join(clientsDir, name))
		return []string{interpreter(), made(path, err)}
	case "c":
		need(t, "libzmq3-dev")
		return []string{made(cClient())}
	case "node":
		need(t, "npm")
		return []string{"node", made(nodeClient())}
	case "zmq4":
		need(t, "go-zeromq/zmq4")
	}
	return []string{goExample(t, filepath.Dir(name))}
}

// runsAs runs an example to its end and holds its output against the page's.
func (f *fleet) runsAs(t *testing.T, name string, argv []string, want string) {
	t.Helper()
	got := newOutput()
	client := start(t, name, got, argv...)
	if code := client.wait(t); code != 0 {
		t.Fatalf("exit status %d", code)
	}
	if got.String() != want {
		t.Errorf("it prints\n%s\nand not\n%s", got, want)
	}
}

func TestClientExamples(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "")
	f.broker(t)
	f.worker(t, "pi2", f.history(t))
	f.waitWorkers(t, 1)
	for _, name := range []string{
		"python/ask.py", "python/patient.py", "python/full.py", "python/pipeline.py",
		"zmq4/ask/main.go", "go/main.go", "c/ask.c", "node/ask.mjs",
	} {
		t.Run(name, func(t *testing.T) { f.runsAs(t, name, append(clientCommand(t, name), f.clients), outputOf(t, name)) })
	}
}

// The broker stands still until the client has given up waiting once.
func TestPatientClientAsksAgain(t *testing.T) {
	t.Parallel()
	const name = "python/patient.py"
	argv := clientCommand(t, name)
	f := newFleet(t, "")
	broker := f.broker(t)
	f.worker(t, "pi2", f.history(t))
	f.waitWorkers(t, 1)
	broker.signal(syscall.SIGSTOP)
	got := newOutput()
	client := start(t, name, got, append(argv, f.clients)...)
	client.waitLog(t, "asking again")
	broker.signal(syscall.SIGCONT)
	if code := client.wait(t); code != 0 || got.String() != outputOf(t, name) {
		t.Errorf("exit status %d, it prints %s", code, got)
	}
}

func TestCurveClientExample(t *testing.T) {
	t.Parallel()
	const name = "python/curve.py"
	argv := clientCommand(t, name)
	f := newFleet(t, "")
	public := keyRing(t, f.dir, []string{"broker", "pi2", "me"}, "pi2 worker pi2\nme client\n")
	key := func(name string) string { return filepath.Join(f.dir, name) }
	f.broker(t, "--key", key("broker.key"), "--allowed-keys", key("allowed"))
	start(t, "pi2", nil, f.command("worker", "--broker", f.workers, "--name", "pi2", "--rules", f.history(t),
		"--key", key("pi2.key"), "--server-key", public["broker"])...)
	f.runsAs(t, name, append(argv, f.clients, key("me.key"), key("broker.pub")), outputOf(t, name))
}

func TestPlainWorkerExamples(t *testing.T) {
	t.Parallel()
	const client = "python/ask.py"
	for _, name := range []string{"python/work.py", "zmq4/worker/main.go"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t, "")
			f.broker(t)
			start(t, name, nil, append(clientCommand(t, name), f.workers)...)
			f.waitWorkers(t, 1)
			f.runsAs(t, client, append(clientCommand(t, client), f.clients), outputOf(t, name))
		})
	}
}

// The errors that the page shows, as the broker words them.
func TestClientsPageShowsErrors(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	page, err := os.ReadFile(clientsPage)
	if err != nil {
		t.Fatal(err)
	}
	f := newFleet(t, "")
	f.broker(t)
	f.worker(t, "pi2", f.history(t))
	f.waitWorkers(t, 1)
	for _, request := range [][]string{
		{`{"rule":"default"}`, "text"},
		{`{"rules":"pii","deadline_ms":20000}`, "text"},
		{strings.Repeat("x", 17_000_000)},
	} {
		s := newSocket(t, "REQ", f.clients)
		if got := s.ask(t, request...); !strings.Contains(string(page), "\n"+got[0]+"\n") {
			t.Errorf("docs/clients.md lacks the answer to %.60q, %s", request, got)
		}
	}
}
