package systemd

// A virtual board: QEMU with a Cortex-A53 and 512 MB, as a Raspberry Pi Zero 2 W has them.
// Its card is a virtio disk, since QEMU's memory cards make booting half as long again.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trawl/test/need"
)

const (
	boardMemory = "512M"
	cardBytes   = "2G"
	// boardPatience is for an emulated processor on a busy machine. It only passes
	// in full when a test fails.
	boardPatience = 10 * time.Minute
	// initramfs keeps what an emulated processor unpacks at each boot small.
	initramfs = `--essential-hook=cd "$1" && mkdir -p etc/initramfs-tools/conf.d usr/share/initramfs-tools/modules.d && echo MODULES=list >etc/initramfs-tools/conf.d/board && printf "virtio_blk\next4\n" >usr/share/initramfs-tools/modules.d/board`

	boardPackages = packages + ",linux-image-arm64,initramfs-tools,zstd,e2fsprogs"
)

// board is a machine with power, and a card that keeps what was written.
type board struct {
	*machine
	root string // what the card was made of
	dir  string // with the card and what the console showed

	qemu  *exec.Cmd
	ended chan struct{}
	port  net.Conn // to the agent
	in    *json.Decoder
	peak  int64 // most that the program run last had resident, in bytes
}

// answer is one of the agent.
type answer struct {
	Ready  bool
	Output string
	Status int
	Peak   int64
}

// newBoard makes a board without power. The files are put into its /root.
func newBoard(t *testing.T, files ...string) *board {
	t.Helper()
	b := &board{dir: t.TempDir()}
	b.machine = &machine{t: t, exec: b.ask, log: b, patience: boardPatience}
	t.Cleanup(b.powerCut)
	b.root = debian(t, "trixie", boardPackages, "--arch=arm64", "--skip=check/qemu", initramfs)
	agent := filepath.Join(b.dir, "agent")
	b.here(need.GoBuild("", []string{"GOARCH=arm64"}, "-o", agent, "./agent"))
	b.write("etc/fstab", "/dev/vda / ext4 defaults,noatime 0 1\n")
	b.write("etc/hostname", "board\n")
	b.write("etc/machine-id", "")
	b.write("etc/systemd/system/agent.service", `[Unit]
After=systemd-udev-trigger.service
StartLimitIntervalSec=0
[Service]
ExecStart=/root/agent /dev/virtio-ports/agent
StandardError=journal+console
Restart=on-failure
RestartSec=100ms
`)
	b.write("etc/systemd/system/multi-user.target.d/agent.conf", "[Unit]\nWants=agent.service\n")
	for _, file := range append(files, agent) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b.write("root/"+filepath.Base(file), string(content))
	}
	b.here(exec.Command("chmod", "755", b.root+"/root/agent"))
	b.here(exec.Command("mke2fs", "-q", "-t", "ext4", "-d", b.root, b.file("card"), cardBytes))
	return b
}

// here runs a program on this machine.
func (b *board) here(cmd *exec.Cmd) {
	b.t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
}

func (b *board) file(name string) string { return filepath.Join(b.dir, name) }

// write writes a file of the root, before the card is made of it.
func (b *board) write(path, text string) {
	b.t.Helper()
	path = filepath.Join(b.root, path)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// String is the end of what the console showed.
func (b *board) String() string {
	const most = 4 << 10
	text, _ := os.ReadFile(b.file("console"))
	return "---- console:\n" + string(text[max(0, len(text)-most):])
}

// powerOn boots the board, with more for the kernel's command line, and returns
// when the agent is there.
func (b *board) powerOn(more string) {
	b.t.Helper()
	kernel, _ := filepath.Glob(b.root + "/boot/vmlinuz-*")
	initrd, _ := filepath.Glob(b.root + "/boot/initrd.img-*")
	if len(kernel) != 1 || len(initrd) != 1 {
		b.t.Fatalf("kernels %q and %q in %s: delete that folder, and it is built again", kernel, initrd, b.root)
	}
	_ = os.Remove(b.file("port"))
	listener, err := net.Listen("unix", b.file("port"))
	if err != nil {
		b.t.Fatal(err)
	}
	defer listener.Close()
	b.qemu = exec.Command("qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", boardMemory,
		"-display", "none", "-no-user-config", "-nodefaults", "-nic", "none", "-device", "virtio-rng-pci",
		"-serial", "file:"+b.file("console"),
		"-drive", "if=none,id=card,format=raw,file="+b.file("card"), "-device", "virtio-blk-pci,drive=card",
		"-chardev", "socket,id=agent,path="+b.file("port"), "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,name=agent",
		"-kernel", kernel[0], "-initrd", initrd[0],
		"-append", "root=/dev/vda rootwait ro console=ttyAMA0 quiet systemd.show_status=0 net.ifnames=0 "+more)
	said := new(bytes.Buffer)
	b.qemu.Stdout, b.qemu.Stderr = said, said
	if err := b.qemu.Start(); err != nil {
		b.t.Fatal(err)
	}
	ended := make(chan struct{})
	b.ended = ended
	go func() {
		_ = b.qemu.Wait()
		listener.Close()
		close(ended)
	}()
	if b.port, err = listener.Accept(); err != nil {
		b.t.Fatalf("QEMU has ended: %s", said)
	}
	b.in = json.NewDecoder(b.port)
	b.booted()
}

// powerCut pulls the plug: what the board has not brought to its card is gone.
func (b *board) powerCut() {
	if b.ended == nil {
		return // it never had power
	}
	_ = b.qemu.Process.Kill()
	<-b.ended
	if b.port != nil {
		_ = b.port.Close()
	}
}

// reboot is the board's own, with a shutdown.
func (b *board) reboot() {
	b.t.Helper()
	b.must("systemctl", "--no-block", "reboot")
	b.booted()
}

// booted waits for the agent.
func (b *board) booted() {
	b.t.Helper()
	if a, err := b.hear(); err != nil || !a.Ready {
		b.t.Fatalf("the board has not booted: %v, %+v\n%s", err, a, b)
	}
}

func (b *board) hear() (a answer, err error) {
	_ = b.port.SetReadDeadline(time.Now().Add(boardPatience))
	err = b.in.Decode(&a)
	return a, err
}

// ask runs a program by way of the agent.
func (b *board) ask(argv ...string) (string, error) {
	b.t.Helper()
	if err := json.NewEncoder(b.port).Encode(map[string]any{"Argv": argv}); err != nil {
		return "", err
	}
	a, err := b.hear()
	switch {
	case err != nil:
		b.t.Fatalf("%s: the board does not answer: %v\n%s", strings.Join(argv, " "), err, b)
	case a.Ready:
		b.t.Fatalf("%s: the board has rebooted\n%s", strings.Join(argv, " "), b)
	case a.Status != 0:
		err = fmt.Errorf("exit status %d", a.Status)
	}
	b.peak = a.Peak << 10
	return a.Output, err
}

// needBoard skips a test that cannot have one, and says why.
func needBoard(t *testing.T) {
	t.Helper()
	if os.Getenv("TRAWL_VM") == "" {
		t.Skip("skipped: make test-vm runs it")
	}
	var missing []string
	for tool, debian := range map[string]string{
		"qemu-system-aarch64": "qemu-system-arm", "qemu-aarch64-static": "qemu-user-static",
		"mmdebstrap": "mmdebstrap", "mke2fs": "e2fsprogs",
	} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, debian)
		}
	}
	if _, err := os.Stat("/proc/sys/fs/binfmt_misc/qemu-aarch64"); errors.Is(err, os.ErrNotExist) {
		missing = append(missing, "binfmt-support (mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc; update-binfmts --enable qemu-aarch64)")
	}
	if os.Getuid() != 0 {
		missing = append(missing, "root, for mmdebstrap")
	}
	need.That(t, missing == nil, strings.Join(missing, ", "))
}
