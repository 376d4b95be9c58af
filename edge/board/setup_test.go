package board

import (
	"reflect"
	"testing"
	"testing/fstest"
)

func TestSystemSetup(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  SystemSetup
	}{
		"nothing told": {nil, SystemSetup{}},
		"Pi Zero, whose kernel has the memory cgroup off": {map[string]string{
			"proc/cpuinfo":                     "model name\t: ARMv6-compatible processor rev 7 (v6l)\nCPU architecture: 7\n",
			"sys/fs/cgroup/cgroup.controllers": "cpuset cpu io pids\n",
			"proc/cgroups":                     "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t0\t60\t0\n",
			"proc/swaps":                       "Filename\tType\tSize\tUsed\tPriority\n/var/swap\tfile\t102396\t0\t-2\n",
			"proc/self/mounts":                 "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n/dev/mmcblk0p1 /boot vfat rw 0 0\n",
			"var/log/journal/x":                "",
		}, SystemSetup{CPU: "v6", Swap: []Swap{{"/var/swap", 102396 << 10}}, Flash: "/dev/mmcblk0p2", JournalOnDisk: true}},
		"Pi 4 as it should be": {map[string]string{
			"proc/cpuinfo":                     "processor\t: 0\nCPU architecture: 8\n",
			"sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
			"proc/swaps":                       "Filename\tType\tSize\tUsed\tPriority\n/dev/zram0\tpartition\t1000\t0\t100\n",
			"proc/self/mounts":                 "/dev/sda2 / ext4 rw 0 0\n",
		}, SystemSetup{CPU: "v8", MemoryCgroup: true, Swap: []Swap{{"/dev/zram0", 1000 << 10}}}},
		"32-bit system on a Pi 4": {map[string]string{
			"proc/cpuinfo":     "model name\t: ARMv7 Processor rev 3 (v7l)\nCPU architecture: 7\n",
			"proc/self/mounts": "/dev/root / ext4 rw 0 0\n", "sys/block/mmcblk0/size": "1",
		}, SystemSetup{CPU: "v7", Flash: "/dev/mmcblk0"}},
		"cgroups v1": {map[string]string{"proc/cgroups": "memory\t5\t60\t1\n"}, SystemSetup{MemoryCgroup: true}},
		"journal kept in memory by setting": {map[string]string{
			"var/log/journal/x": "", "etc/systemd/journald.conf": "[Journal]\n#Storage=auto\nStorage=persistent\n",
			"etc/systemd/journald.conf.d/a.conf": "[Journal]\nStorage=volatile\n",
		}, SystemSetup{}},
		"journal in memory by mount": {map[string]string{"var/log/journal/x": "", "proc/self/mounts": "log2ram /var/log tmpfs rw 0 0\n"}, SystemSetup{}},
		"PC":                         {map[string]string{"proc/cpuinfo": "model name\t: AMD\n", "proc/self/mounts": "/dev/nvme0n1p2 / ext4 rw 0 0\n"}, SystemSetup{}},
	} {
		root := fstest.MapFS{}
		for path, text := range c.files {
			root[path] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := readSystemSetup(root); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestSystemSetupOfThisMachine(t *testing.T) {
	_ = ReadSystemSetup()
	if free, known := Free(t.TempDir()); known && free <= 0 {
		t.Errorf("%d bytes free", free)
	}
	ClockSynchronised()
}
