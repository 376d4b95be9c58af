// Bench-arm counts the instructions that each engine of the matcher takes for a byte
// of text on ARM, under QEMU: make bench-arm. It needs gcc, Debian's packages
// qemu-user and wamerican, and the licences in /usr/share/common-licenses.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"trawl/edge/match"
)

// boards are what a scan is built for, and the emulator that runs it.
var boards = []struct {
	name, emulator string
	env            []string
}{
	{"armv6", "qemu-arm", []string{"GOARCH=arm", "GOARM=6"}},
	{"armv7", "qemu-arm", []string{"GOARCH=arm", "GOARM=7"}},
	{"arm64", "qemu-aarch64", []string{"GOARCH=arm64"}},
}

var ways = []struct{ engine, lanes string }{
	{match.EngineDFA, match.EngineDFA},
	{match.EngineSDFA, match.EngineSDFA},
	{match.EngineDA8, match.EngineDA8},
	{match.EngineDA8, "none"},
	{match.EngineDA4, ""},
}

// few and many are how often the text is scanned: what starting takes is in both.
const few, many = 1, 5

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench-arm:", err)
		os.Exit(1)
	}
}

func run() error {
	folder, err := os.MkdirTemp("", "bench-arm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	plugin := filepath.Join(folder, "icount.so")
	if err := command(nil, "gcc", "-O2", "-shared", "-fPIC", "-o", plugin, "build/bench/arm/icount/icount.c"); err != nil {
		return err
	}
	text, err := prose(1 << 18)
	if err != nil {
		return err
	}
	textFile := filepath.Join(folder, "text")
	if err := os.WriteFile(textFile, text, 0o600); err != nil {
		return err
	}
	for _, b := range boards {
		env := append([]string{"CGO_ENABLED=0", "GOOS=linux"}, b.env...)
		if err := command(env, "go", "build", "-o", filepath.Join(folder, b.name), "./build/bench/arm/hot"); err != nil {
			return err
		}
	}
	fmt.Printf("Instructions per byte of prose:\n\n| words | engine | lanes on |")
	for _, b := range boards {
		fmt.Printf(" %s |", b.name)
	}
	fmt.Printf("\n|---|---|---|---|---|---|\n")
	for _, n := range []int{1_000, 10_000} {
		for _, w := range ways {
			pack := filepath.Join(folder, "pack")
			if err := compile(pack, w.engine, n); err != nil {
				return err
			}
			fmt.Printf("| %d | %s | %s |", n, w.engine, w.lanes)
			for _, b := range boards {
				count := func(times int) (float64, error) {
					return instructions(b.emulator, plugin, filepath.Join(folder, b.name), pack, textFile, w.lanes, strconv.Itoa(times))
				}
				a, err := count(few)
				if err != nil {
					return err
				}
				z, err := count(many)
				if err != nil {
					return err
				}
				fmt.Printf(" %.1f |", (z-a)/float64((many-few)*len(text)))
			}
			fmt.Println()
		}
	}
	return nil
}

var counted = regexp.MustCompile(`instructions: (\d+)`)

func instructions(emulator, plugin string, args ...string) (float64, error) {
	cmd := exec.Command(emulator, append([]string{"-plugin", plugin, "-d", "plugin"}, args...)...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %s (install qemu-user)", emulator, err, out)
	}
	m := counted.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("%s counted nothing: %s", emulator, out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

func command(env []string, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// compile writes the pack of n words of at least 5 bytes, spread over the list.
func compile(path, engine string, n int) error {
	list, err := os.ReadFile("/usr/share/dict/american-english")
	if err != nil {
		return fmt.Errorf("%w: install wamerican", err)
	}
	var words [][]byte
	for _, w := range bytes.Fields(list) {
		if len(w) >= 5 {
			words = append(words, w)
		}
	}
	b := match.NewBuilder(match.Options{Engine: engine})
	for i := range n {
		if err := b.Add(&match.Rule{Literals: [][]byte{words[i*len(words)/n]}}); err != nil {
			return err
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = b.Write(f)
	return errors.Join(err, f.Close())
}

// prose is size bytes of licences.
func prose(size int) ([]byte, error) {
	var text []byte
	files, _ := filepath.Glob("/usr/share/common-licenses/*")
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		text = append(text, body...)
	}
	if len(text) < size {
		return nil, fmt.Errorf("%d bytes in /usr/share/common-licenses: %d are needed", len(text), size)
	}
	return text[:size], nil
}
