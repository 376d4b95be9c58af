package main

// The format of a Debian package, deb(5): an ar(1) archive of three files, two of
// which are tar archives. All owners are root, all dates that of the release, all
// names sorted.

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"fmt"
	"path"
	"slices"
	"time"
)

// file is one in a package.
type file struct {
	path     string // without a slash in front
	mode     int64
	contents []byte
}

// debArchive returns a package. control is the text of that name without
// Installed-Size; scripts are the maintainer's, by name.
func debArchive(control string, scripts, files []file, date time.Time) ([]byte, error) {
	var sums bytes.Buffer
	size := 0
	slices.SortFunc(files, func(a, b file) int { return bytes.Compare([]byte(a.path), []byte(b.path)) })
	for _, f := range files {
		size += (len(f.contents) + 1023) / 1024
		fmt.Fprintf(&sums, "%x  %s\n", md5.Sum(f.contents), f.path)
	}
	about := append([]file{
		{"control", 0o644, fmt.Appendf(nil, "%sInstalled-Size: %d\n", control, size)},
		{"md5sums", 0o644, sums.Bytes()},
	}, scripts...)
	slices.SortFunc(about, func(a, b file) int { return bytes.Compare([]byte(a.path), []byte(b.path)) })
	controlTar, err := tarball(about, date)
	if err != nil {
		return nil, err
	}
	dataTar, err := tarball(files, date)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString("!<arch>\n")
	for _, member := range []file{{"debian-binary", 0, []byte("2.0\n")}, {"control.tar.gz", 0, controlTar}, {"data.tar.gz", 0, dataTar}} {
		fmt.Fprintf(&out, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", member.path, date.Unix(), 0, 0, "100644", len(member.contents))
		out.Write(member.contents)
		if len(member.contents)%2 == 1 {
			out.WriteByte('\n')
		}
	}
	return out.Bytes(), nil
}

// tarball returns a compressed tar archive of files and their folders.
func tarball(files []file, date time.Time) ([]byte, error) {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	w := tar.NewWriter(z)
	have := make(map[string]bool)
	var folder func(dir string) error
	folder = func(dir string) error {
		if have[dir] {
			return nil
		}
		have[dir] = true
		name := "./"
		if dir != "." {
			if err := folder(path.Dir(dir)); err != nil {
				return err
			}
			name += dir + "/"
		}
		return w.WriteHeader(header(name, tar.TypeDir, 0o755, 0, date))
	}
	for _, f := range files {
		if err := folder(path.Dir(f.path)); err != nil {
			return nil, err
		}
		if err := w.WriteHeader(header("./"+f.path, tar.TypeReg, f.mode, int64(len(f.contents)), date)); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.contents); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func header(name string, kind byte, mode, size int64, date time.Time) *tar.Header {
	return &tar.Header{Name: name, Typeflag: kind, Mode: mode, Size: size, ModTime: date, Uname: "root", Gname: "root", Format: tar.FormatGNU}
}

// gzipped compresses a file of documentation, without a name or a date in it.
func gzipped(b []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	_, _ = z.Write(b) // a bytes.Buffer takes all
	_ = z.Close()
	return out.Bytes()
}
