package board

// Health: load, memory, heat and power.

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// hotCelsius counts as hot if the kernel names no temperature: the firmware of a Raspberry Pi
// begins to slow down at 80.
const hotCelsius = 80

// Health is the state of the board now.
type Health struct {
	Load         float64 `json:"load"`                    // runnable processes, mean of the last minute
	Available    int64   `json:"available,omitempty"`     // bytes of memory that programs can still get
	Celsius      float64 `json:"celsius,omitempty"`       // of the hottest zone; 0: no sensor
	Hot          bool    `json:"hot,omitempty"`           // at the temperature where kernel or firmware act
	Throttled    bool    `json:"throttled,omitempty"`     // the kernel slows the processor down because of heat
	UnderVoltage bool    `json:"under_voltage,omitempty"` // the power supply or the cable is too weak
	PowerSensor  bool    `json:"-"`                       // the board can measure under-voltage, as few boards but Raspberry Pis can
	UptimeS      int64   `json:"uptime_s,omitempty"`      // since the board booted
}

// Degraded reports whether the board is hot, slowed down or short of power, and so slower than
// usual.
func (h *Health) Degraded() bool { return h.Hot || h.Throttled || h.UnderVoltage }

// ReadHealth reads the health of this board, out of about a dozen small files.
func ReadHealth() Health { return HealthOf(os.DirFS("/")) }

// HealthOf is ReadHealth with another root of the file system.
func HealthOf(root fs.FS) Health {
	h := Health{
		Load:      firstFloat(root, "proc/loadavg"),
		Available: kilobytes(root, "proc/meminfo", "MemAvailable:"),
		Throttled: throttled(root),
		UptimeS:   int64(firstFloat(root, "proc/uptime")),
	}
	h.Celsius, h.Hot = heat(root)
	h.UnderVoltage, h.PowerSensor = underVoltage(root)
	return h
}

// heat returns the temperature of the hottest zone, and whether any zone is at the temperature
// where it acts.
func heat(root fs.FS) (celsius float64, hot bool) {
	for _, zone := range list(root, "sys/class/thermal/thermal_zone*") {
		milli, ok := number(root, path.Join(zone, "temp"))
		if !ok {
			continue
		}
		celsius = max(celsius, float64(milli)/1000)
		hot = hot || milli >= actingPoint(root, zone)
	}
	return celsius, hot
}

// actingPoint returns the lowest temperature at which a zone is slowed down or shut off, in
// thousandths of a degree. Points of type active only start a fan.
func actingPoint(root fs.FS, zone string) int64 {
	least := int64(hotCelsius * 1000)
	for _, kind := range list(root, path.Join(zone, "trip_point_*_type")) {
		at, ok := number(root, strings.TrimSuffix(kind, "type")+"temp")
		if ok && at > 0 && slices.Contains([]string{"passive", "hot", "critical"}, text(root, kind)) {
			least = min(least, at)
		}
	}
	return least
}

// throttled reports whether a cooling device for a processor is in use.
func throttled(root fs.FS) bool {
	for _, device := range list(root, "sys/class/thermal/cooling_device*") {
		state, _ := number(root, path.Join(device, "cur_state"))
		kind := strings.ToLower(text(root, path.Join(device, "type")))
		if state > 0 && (strings.Contains(kind, "cpu") || strings.Contains(kind, "processor")) {
			return true
		}
	}
	return false
}

// underVoltage asks the sensor of a Raspberry Pi's firmware. The alarm stands
// as long as the voltage is low. known is false without a sensor.
func underVoltage(root fs.FS) (low, known bool) {
	for _, sensor := range list(root, "sys/class/hwmon/hwmon*") {
		if text(root, path.Join(sensor, "name")) == "rpi_volt" {
			alarm, known := number(root, path.Join(sensor, "in0_lcrit_alarm"))
			return alarm != 0, known
		}
	}
	return false, false
}

// list returns the paths that match a pattern; none if the folder is missing.
func list(root fs.FS, pattern string) []string {
	paths, _ := fs.Glob(root, pattern)
	return paths
}
