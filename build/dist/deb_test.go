package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"trawl/test/need"
)

// members parts an ar archive.
func members(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	rest, ok := bytes.CutPrefix(b, []byte("!<arch>\n"))
	if !ok {
		t.Fatal("no ar archive")
	}
	found := make(map[string][]byte)
	for len(rest) > 0 {
		size, err := strconv.Atoi(strings.TrimSpace(string(rest[48:58])))
		if err != nil || string(rest[58:60]) != "`\n" {
			t.Fatalf("header %q: %v", rest[:60], err)
		}
		found[strings.TrimSpace(string(rest[:16]))] = rest[60 : 60+size]
		rest = rest[60+size+size%2:]
	}
	return found
}

// list returns the entries of a tarball, as MODE UID/USER PATH, and the files.
func list(t *testing.T, b []byte) (entries []string, files map[string]string) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	files = make(map[string]string)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return entries, files
		} else if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(someday) {
			t.Errorf("%s is of %s", h.Name, h.ModTime)
		}
		entries = append(entries, fmt.Sprintf("%o %d/%s %s", h.Mode, h.Uid, h.Uname, h.Name))
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = string(text)
	}
}

const someControl = "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\n"

func somePackage(t *testing.T) []byte {
	t.Helper()
	files := []file{{"usr/bin/x", 0o755, []byte("program")}, {"etc/x.conf", 0o644, []byte("#\n")}, {"usr/bin-other", 0o644, make([]byte, 1025)}}
	b, err := debArchive(someControl, []file{{"postinst", 0o755, []byte("#!/bin/sh\n")}}, files, someday)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDebArchive(t *testing.T) {
	b := somePackage(t)
	if !bytes.Equal(b, somePackage(t)) {
		t.Error("another archive the second time")
	}
	m := members(t, b)
	if string(m["debian-binary"]) != "2.0\n" {
		t.Errorf("debian-binary: %q", m["debian-binary"])
	}
	_, about := list(t, m["control.tar.gz"])
	for name, want := range map[string]string{
		"./conffiles": "", // dpkg asks about those, and nobody may be there to answer
		"./md5sums":   fmt.Sprintf("%x  etc/x.conf\n%x  usr/bin-other\n%x  usr/bin/x\n", md5.Sum([]byte("#\n")), md5.Sum(make([]byte, 1025)), md5.Sum([]byte("program"))),
		"./control":   someControl + "Installed-Size: 4\n",
	} {
		if about[name] != want {
			t.Errorf("%s: %q, want %q", name, about[name], want)
		}
	}
	entries, files := list(t, m["data.tar.gz"])
	want := "755 0/root ./\n755 0/root ./etc/\n644 0/root ./etc/x.conf\n755 0/root ./usr/\n" +
		"644 0/root ./usr/bin-other\n755 0/root ./usr/bin/\n755 0/root ./usr/bin/x"
	if got := strings.Join(entries, "\n"); got != want {
		t.Errorf("entries:\n%s\nwant:\n%s", got, want)
	}
	if files["./usr/bin/x"] != "program" {
		t.Errorf("usr/bin/x: %q", files["./usr/bin/x"])
	}
}

func TestDpkgReadsIt(t *testing.T) {
	need.Program(t, "dpkg-deb", "dpkg")
	path := filepath.Join(t.TempDir(), "x.deb")
	if err := os.WriteFile(path, somePackage(t), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := need.Command("dpkg-deb", "--field", path, "Package", "Installed-Size").CombinedOutput()
	if want := "Package: x\nInstalled-Size: 4\n"; err != nil || string(out) != want {
		t.Errorf("%v: %q, want %q", err, out, want)
	}
	if out, err := need.Command("dpkg-deb", "--contents", path).CombinedOutput(); err != nil || !bytes.Contains(out, []byte("./usr/bin/x")) {
		t.Errorf("%v: %s", err, out)
	}
}
