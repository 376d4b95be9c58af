package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Unpack fetches a Debian package and returns the folder in which its files
// lie, under dir, and its version. Nothing is installed: rules and texts are
// data, and a daemon that comes with them need not run here. What has been unpacked before is
// taken as it is.
func Unpack(ctx context.Context, dir, name string) (root, version string, err error) {
	dir, err = filepath.Abs(filepath.Join(dir, name))
	if err != nil {
		return "", "", err
	}
	root = filepath.Join(dir, "root")
	if version, err := os.ReadFile(filepath.Join(dir, "version")); err == nil {
		return root, string(version), nil
	}
	Progress("fetching Debian's " + name)
	defer Progress("")
	deb, err := download(ctx, dir, name)
	if err != nil {
		return "", "", fmt.Errorf("package %s of Debian: %w", name, err)
	}
	if text, err := exec.CommandContext(ctx, "dpkg-deb", "-x", deb, root).CombinedOutput(); err != nil {
		return "", "", fmt.Errorf("dpkg-deb -x %s: %w\n%s", deb, err, text)
	}
	out, err := exec.CommandContext(ctx, "dpkg-deb", "-f", deb, "Version").Output()
	if err != nil {
		return "", "", fmt.Errorf("dpkg-deb -f %s: %w", deb, err)
	}
	version = strings.TrimSpace(string(out))
	return root, version, os.WriteFile(filepath.Join(dir, "version"), []byte(version), 0o644)
}

func download(ctx context.Context, dir, name string) (deb string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "apt-get", "download", name)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("apt-get download: %w (is this Debian, and has apt-get update been run?)\n%s", err, text)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("apt-get download left no file in %s", dir)
	}
	return files[len(files)-1], nil
}
