package board

import (
	"io/fs"
	"runtime"
	"testing"
	"testing/fstest"
)

// pi is what a Raspberry Pi 4 shows, with some files changed.
func pi(changes map[string]string) fs.FS {
	root := fstest.MapFS{}
	for _, files := range []map[string]string{{
		"proc/device-tree/model":                      "Raspberry Pi 4 Model B Rev 1.4\x00",
		"proc/loadavg":                                "1.25 0.60 0.20 2/180 1234\n",
		"proc/uptime":                                 "3725.42 10000.00\n",
		"proc/meminfo":                                "MemTotal:         948280 kB\nMemFree:  100 kB\nMemAvailable:     512000 kB\n",
		"sys/class/thermal/thermal_zone0/temp":        "48686\n",
		"sys/class/thermal/thermal_zone0/type":        "cpu-thermal\n",
		"sys/class/thermal/cooling_device0/type":      "cpufreq-cpu0\n",
		"sys/class/thermal/cooling_device0/cur_state": "0\n",
		"sys/class/hwmon/hwmon0/name":                 "cpu_thermal\n",
		"sys/class/hwmon/hwmon1/name":                 "rpi_volt\n",
		"sys/class/hwmon/hwmon1/in0_lcrit_alarm":      "0\n",
	}, changes} {
		for path, text := range files {
			root[path] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return root
}

func TestFactsOfAPi(t *testing.T) {
	f := readFacts(pi(nil))
	if f.Model != "Raspberry Pi 4 Model B Rev 1.4" || f.Memory != 948280<<10 {
		t.Errorf("facts %+v", f)
	}
}

func TestHealth(t *testing.T) {
	well := Health{Load: 1.25, Available: 512000 << 10, Celsius: 48.686, UptimeS: 3725, PowerSensor: true}
	for name, test := range map[string]struct {
		changes map[string]string
		want    func(*Health)
	}{
		"well": {nil, func(*Health) {}},
		"as hot as the firmware allows": {
			map[string]string{"sys/class/thermal/thermal_zone0/temp": "80000"},
			func(h *Health) { h.Celsius, h.Hot = 80, true },
		},
		"the hottest of several zones": {
			map[string]string{"sys/class/thermal/thermal_zone1/temp": "61000"},
			func(h *Health) { h.Celsius = 61 },
		},
		"at the point where its kernel slows it down": {
			map[string]string{
				"sys/class/thermal/thermal_zone0/temp":              "70000",
				"sys/class/thermal/thermal_zone0/trip_point_0_type": "passive\n",
				"sys/class/thermal/thermal_zone0/trip_point_0_temp": "70000\n",
			},
			func(h *Health) { h.Celsius, h.Hot = 70, true },
		},
		"at the point where its fan starts": {
			map[string]string{
				"sys/class/thermal/thermal_zone0/temp":              "70000",
				"sys/class/thermal/thermal_zone0/trip_point_0_type": "active\n",
				"sys/class/thermal/thermal_zone0/trip_point_0_temp": "50000\n",
			},
			func(h *Health) { h.Celsius = 70 },
		},
		"slowed down": {
			map[string]string{"sys/class/thermal/cooling_device0/cur_state": "2"},
			func(h *Health) { h.Throttled = true },
		},
		"with its fan on": {
			map[string]string{
				"sys/class/thermal/cooling_device1/type":      "pwm-fan\n",
				"sys/class/thermal/cooling_device1/cur_state": "3\n",
			},
			func(*Health) {},
		},
		"short of power": {
			map[string]string{"sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"},
			func(h *Health) { h.UnderVoltage = true },
		},
		"with another board's sensors": {
			map[string]string{"sys/class/hwmon/hwmon1/name": "gpu\n"},
			func(h *Health) { h.PowerSensor = false },
		},
		"with sensors that say nothing": {
			map[string]string{
				"sys/class/thermal/thermal_zone0/temp":        "",
				"sys/class/thermal/cooling_device0/cur_state": "n/a",
				"sys/class/hwmon/hwmon1/in0_lcrit_alarm":      "",
			},
			func(h *Health) { h.Celsius, h.PowerSensor = 0, false },
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := well
			test.want(&want)
			got := HealthOf(pi(test.changes))
			if got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
			if degraded := got.Hot || got.Throttled || got.UnderVoltage; got.Degraded() != degraded {
				t.Errorf("degraded: %v", got.Degraded())
			}
		})
	}
}

func TestSystemThatTellsNothing(t *testing.T) {
	if h := HealthOf(fstest.MapFS{}); h != (Health{}) {
		t.Errorf("%+v", h)
	}
}

func TestThisMachine(t *testing.T) {
	f := Read()
	if f.Cores < 1 || f.Arch != runtime.GOARCH {
		t.Errorf("facts %+v", f)
	}
	if runtime.GOOS != "linux" {
		return
	}
	if f.Memory < 64<<20 {
		t.Errorf("memory %d bytes, want that of a real machine", f.Memory)
	}
	if r := Resident(); r < 1<<20 || r > f.Memory {
		t.Errorf("resident %d bytes of %d", r, f.Memory)
	}
	if h := ReadHealth(); h.Available < 1<<20 || h.Available > f.Memory || h.UptimeS == 0 {
		t.Errorf("health %+v", h)
	}
}
