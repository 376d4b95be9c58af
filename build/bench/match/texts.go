// The texts that are searched: prose, source code, logs. Those made to be slow
// are in adversarial.go.

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"trawl/build/bench/internal/lab"
)

const textBytes = 16 << 20

// makeTexts writes the texts and says where the prose is from.
func (b *bench) makeTexts() (source string, err error) {
	if err := os.MkdirAll(b.file(""), 0o755); err != nil {
		return "", err
	}
	prose, source, err := b.prose()
	if err != nil {
		return "", err
	}
	code, err := b.code()
	if err != nil {
		return "", err
	}
	for name, text := range map[string][]byte{"prose": prose, "code": code, "logs": lab.Logs(textBytes)} {
		if err := os.WriteFile(b.text(name), text, 0o644); err != nil {
			return "", err
		}
	}
	return source, nil
}

// text is the path of a text.
func (b *bench) text(name string) string {
	return b.file(strings.ReplaceAll(name, " ", "-") + ".text")
}

// prose is the kernel's documentation.
func (b *bench) prose() (text []byte, source string, err error) {
	name, err := b.kernelDocs()
	if err != nil {
		return nil, "", err
	}
	root, version, err := lab.Unpack(b.ctx, filepath.Join(b.out, "debian"), name)
	if err != nil {
		return nil, "", err
	}
	text, err = lab.Gather(root, ".rst.gz", textBytes)
	return text, name + " " + version, err
}

// kernelDocs is the package that linux-doc depends on.
func (b *bench) kernelDocs() (string, error) {
	out, err := exec.CommandContext(b.ctx, "apt-cache", "depends", "linux-doc").Output()
	if err != nil {
		return "", fmt.Errorf("apt-cache depends linux-doc: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: "); ok {
			return name, nil
		}
	}
	return "", fmt.Errorf("apt-cache does not say what linux-doc depends on: run apt-get update")
}

// code is the Go distribution's.
func (b *bench) code() ([]byte, error) {
	goroot, err := exec.CommandContext(b.ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	return lab.Gather(filepath.Join(strings.TrimSpace(string(goroot)), "src"), ".go", textBytes)
}
