// The recipes of docs/watching.md, each with the real programs that it is about.

package test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	needs "trawl/test/need"
)

// recipe is a section of the page: files by name.
type recipe struct {
	title string
	files map[string]string
}

var recipeFile = regexp.MustCompile("(?s)```yaml\n# (\\S+)\n(.*?)```")

// recipes reads those of the page.
func recipes(t *testing.T) (all []recipe) {
	t.Helper()
	page, err := os.ReadFile("../docs/watching.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "\n## Recipes\n")
	text, _, _ = strings.Cut(text, "\n## ")
	for _, section := range strings.Split(text, "\n### ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		r := recipe{title: title, files: map[string]string{}}
		for _, m := range recipeFile.FindAllStringSubmatch(body, -1) {
			r.files[m[1]] = m[2]
		}
		all = append(all, r)
	}
	return all
}

// kitchen is where a recipe is cooked: addresses and paths of the page stand for others.
type kitchen struct {
	*testing.T
	dir   string
	watch *process

	mu     sync.Mutex
	posted []string // bodies that came to a webhook
}

// replace are the words of recipes that stand for something of the test.
func (k *kitchen) cook(r recipe, replace ...string) {
	k.Helper()
	replace = append(replace, "watch:\n", "watch:\n  state_dir: "+k.dir+"/state\n", "/var/log/", k.dir+"/log/")
	replacer := strings.NewReplacer(replace...)
	for name, text := range r.files {
		if name == "trawl.yaml" {
			text = replacer.Replace(text)
		}
		write(k.T, filepath.Join(k.dir, name), text)
	}
	config := filepath.Join(k.dir, "trawl.yaml")
	if out, err := k.trawl("config", "check", "--config", config); err != nil {
		k.Fatalf("%v: %s", err, out)
	}
	k.watch = start(k.T, "watch", nil, "env", "XDG_RUNTIME_DIR="+k.dir+"/run", "PATH="+k.dir+"/bin:"+os.Getenv("PATH"), binary, "watch", "--config", config)
	k.watch.waitLog(k.T, "rules ready")
}

func (k *kitchen) trawl(args ...string) (string, error) {
	cmd := exec.Command(binary, args...)
	cmd.Env = environment()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// hook listens for webhooks.
func (k *kitchen) hook() (url string) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		k.mu.Lock()
		k.posted = append(k.posted, string(body))
		k.mu.Unlock()
	}))
	k.Cleanup(s.Close)
	return s.URL
}

// comes waits for a webhook with text.
func (k *kitchen) comes(text string) {
	k.Helper()
	eventually(k.T, "a webhook says "+text, func() bool { return k.came(text) })
}

func (k *kitchen) came(text string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, body := range k.posted {
		if strings.Contains(body, text) {
			return true
		}
	}
	return false
}

func (k *kitchen) append(path, text string) {
	k.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		k.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		k.Fatal(err)
	}
}

// events waits for so many events in the file of JSON lines.
func (k *kitchen) events(n int) (events []map[string]any) {
	k.Helper()
	eventually(k.T, "events are written", func() bool {
		data, _ := os.ReadFile(filepath.Join(k.dir, "log/trawl/events.jsonl"))
		events = nil
		for line := range strings.Lines(string(data)) {
			var e map[string]any
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				return false
			}
			events = append(events, e)
		}
		return len(events) >= n
	})
	return events
}

// mosquitto starts a broker of MQTT and someone who listens there.
func (k *kitchen) mosquitto(topic string) (address string, heard *output) {
	k.Helper()
	program := "/usr/sbin/mosquitto"
	needs.Path(k.T, program, "mosquitto")
	needs.Program(k.T, "mosquitto_sub", "mosquitto-clients")
	port := freePort(k.T)
	conf := write(k.T, filepath.Join(k.dir, "mosquitto.conf"), fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous true\nuser root\n", port))
	start(k.T, "mosquitto", nil, program, "-c", conf)
	address = fmt.Sprintf("127.0.0.1:%d", port)
	eventually(k.T, "mosquitto listens", func() bool { return dials(address) })
	heard = newOutput()
	start(k.T, "mosquitto_sub", heard, "mosquitto_sub", "-p", fmt.Sprint(port), "-q", "1", "-v", "-t", topic, "-t", "ready")
	eventually(k.T, "somebody listens", func() bool {
		_ = needs.Command("mosquitto_pub", "-p", fmt.Sprint(port), "-t", "ready", "-m", "x").Run()
		return strings.Contains(heard.String(), "ready x")
	})
	return address, heard
}

func dials(address string) bool {
	c, err := net.Dial("tcp", address)
	if err == nil {
		c.Close()
	}
	return err == nil
}

func (k *kitchen) script(path, text string) {
	k.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		k.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		k.Fatal(err)
	}
}

// cooks are the recipes by their titles: what is done, and what must come of it.
var cooks = map[string]func(k *kitchen, r recipe){
	"An nginx log to a phone":                               nginxToPhone,
	"The journal to MQTT, and from there to Home Assistant": journalToMQTT,
	"The syslog of a router":                                routerSyslog,
	"MQTT in and out":                                       mqttInAndOut,
	"Stack traces, matched as a whole":                      stackTraces,
	"A program for each event":                              programForEach,
	"JSON lines for Loki, Vector or jq":                     jsonLines,
}

func TestRecipes(t *testing.T) {
	t.Parallel()
	all := recipes(t)
	if len(all) != len(cooks) {
		t.Errorf("the page has %d recipes, the test knows %d", len(all), len(cooks))
	}
	for _, r := range all {
		t.Run(r.title, func(t *testing.T) {
			t.Parallel()
			cook := cooks[r.title]
			if cook == nil || r.files["trawl.yaml"] == "" || r.files["rules.yaml"] == "" {
				t.Fatal("unknown, or without its two files")
			}
			dir, err := os.MkdirTemp("", "trawl-recipe-") // without the title, which has commas
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			k := &kitchen{T: t, dir: dir}
			for _, dir := range []string{"log/trawl", "log/nginx", "bin", "journal"} {
				if err := os.MkdirAll(filepath.Join(k.dir, dir), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			cook(k, r)
			k.watch.terminate(t)
		})
	}
}

func nginxToPhone(k *kitchen, r recipe) {
	nginx := "/usr/sbin/nginx"
	needs.Path(k.T, nginx, "nginx-light")
	port := freePort(k.T)
	conf := write(k.T, filepath.Join(k.dir, "nginx.conf"), fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/log/nginx/error.log;
events {}
http {
	access_log %[1]s/log/nginx/access.log combined;
	client_body_temp_path %[1]s/t1; proxy_temp_path %[1]s/t2; fastcgi_temp_path %[1]s/t3; uwsgi_temp_path %[1]s/t4; scgi_temp_path %[1]s/t5;
	server { listen 127.0.0.1:%[2]d; location /broken { return 502; } }
}`, k.dir, port))
	start(k.T, "nginx", nil, nginx, "-c", conf)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	eventually(k.T, "nginx listens", func() bool { return dials(address) })
	url := k.hook()
	k.cook(r, "https://ntfy.sh", url)
	get := func(path string) {
		if resp, err := http.Get("http://" + address + path); err == nil {
			resp.Body.Close()
		}
	}
	get("/index.html")
	eventually(k.T, "the phone is told", func() bool { // from when on the log is followed
		get("/wp-login.php")
		return k.came("somebody looks for holes\n127.0.0.1 - - [")
	})
	get("/broken")
	k.comes("nginx answers with an error")
	for range 20 { // within the interval: one message is enough
		get("/.env")
	}
	get("/broken/2")
	if out, err := k.trawl("watch", "--config", filepath.Join(k.dir, "trawl.yaml"), "--try", "phone"); err != nil {
		k.Errorf("%v: %s", err, out)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.posted) != 3 {
		k.Errorf("%d messages: %q", len(k.posted), k.posted)
	}
}

const journalRemote = "/lib/systemd/systemd-journal-remote"

func journalToMQTT(k *kitchen, r recipe) {
	needs.Program(k.T, "journalctl", "systemd")
	needs.Path(k.T, journalRemote, "systemd-journal-remote")
	address, heard := k.mosquitto("trawl/#")
	// A journal of its own in place of the machine's.
	k.script(filepath.Join(k.dir, "bin/journalctl"), "exec /usr/bin/journalctl --directory="+k.dir+"/journal \"$@\"\n")
	clock := int64(1700000000000000)
	say := func(identifier, message string) {
		clock += 1000000
		cmd := needs.Command(journalRemote, "--output="+k.dir+"/journal/a.journal", "-")
		cmd.Stdin = strings.NewReader(fmt.Sprintf("__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%[1]d\n_BOOT_ID=0123456789abcdef0123456789abcdef\nSYSLOG_IDENTIFIER=%s\nMESSAGE=%s\n\n", clock, identifier, message))
		if out, err := cmd.CombinedOutput(); err != nil {
			k.Fatalf("%v: %s", err, out)
		}
	}
	say("sshd", "Accepted publickey for old")
	k.cook(r, "mqtt://ha.lan", "mqtt://"+address)
	eventually(k.T, "the end of the journal is known", func() bool {
		files, _ := filepath.Glob(k.dir + "/run/trawl/*/*")
		for _, f := range files {
			if data, _ := os.ReadFile(f); strings.Contains(string(data), "s=") {
				return true
			}
		}
		return false
	})
	say("sshd", "Accepted publickey for pi from 192.0.2.1")
	say("cron", "Accepted nothing for us")
	say("kernel", "hwmon1: Undervoltage detected!")
	eventually(k.T, "both are told", func() bool { return strings.Count(heard.String(), "trawl/attic/") == 2 })
	for _, want := range []string{
		"trawl/attic/info somebody has logged in: Accepted publickey for pi from 192.0.2.1\n",
		"trawl/attic/high the power supply is too weak: hwmon1: Undervoltage detected!\n",
	} {
		if !strings.Contains(heard.String(), want) {
			k.Errorf("%q lacks %q", heard.String(), want)
		}
	}
}

func routerSyslog(k *kitchen, r recipe) {
	needs.Program(k.T, "logger", "bsdutils")
	port := fmt.Sprint(freePort(k.T))
	k.cook(r, "127.0.0.1:5514", "127.0.0.1:"+port, "https://hooks.slack.com", k.hook())
	log := func(text string, how ...string) {
		k.Helper()
		args := append([]string{"--server", "127.0.0.1", "--port", port, "--tag", "dnsmasq-dhcp"}, how...)
		if out, err := needs.Command("logger", append(args, text)...).CombinedOutput(); err != nil {
			k.Fatalf("%v: %s", err, out)
		}
	}
	host, _ := os.Hostname()
	host, _, _ = strings.Cut(host, ".")
	log("DHCPACK(br0) 192.0.2.7 to 02:00:00:00:00:07 one", "--udp", "--rfc3164")
	k.comes(host + ": a device has joined: DHCPACK(br0) 192.0.2.7 to 02:00:00:00:00:07 one")
	log("DHCPACK(br0) 192.0.2.7 to 02:00:00:00:00:07 two", "--tcp", "--rfc5424")
	k.comes("00:07 two")
	log("LOGIN FAILURE from 192.0.2.8 <!channel>", "--tcp", "--octet-count", "--rfc5424")
	k.comes(`somebody tries to log in: LOGIN FAILURE from 192.0.2.8 &lt;!channel&gt;`)
}

func mqttInAndOut(k *kitchen, r recipe) {
	address, heard := k.mosquitto("alarm/#")
	k.cook(r, "mqtt://ha.lan", "mqtt://"+address)
	_, port, _ := net.SplitHostPort(address)
	k.watch.waitLog(k.T, "connected to the broker of MQTT")
	for _, message := range []string{`{"water_leak":false,"battery":55}`, `{"water_leak":true,"battery":55}`, `{"battery":4,"linkquality":9}`} {
		if out, err := needs.Command("mosquitto_pub", "-p", port, "-q", "1", "-t", "zigbee2mqtt/cellar", "-m", message).CombinedOutput(); err != nil {
			k.Fatalf("%v: %s", err, out)
		}
	}
	eventually(k.T, "both are told", func() bool { return strings.Count(heard.String(), "alarm/") == 2 })
	for _, want := range []string{`alarm/water {"id":`, `"labels":{"topic":"zigbee2mqtt/cellar"}`, `alarm/battery {"id":`} {
		if !strings.Contains(heard.String(), want) {
			k.Errorf("%q lacks %q", heard.String(), want)
		}
	}
}

func stackTraces(k *kitchen, r recipe) {
	log := filepath.Join(k.dir, "log/app.log")
	k.append(log, "2026-01-01 old\n")
	k.cook(r)
	events := filepath.Join(k.dir, "log/trawl/events.jsonl")
	k.told(log, "2026-01-02 ERROR request failed\n\tat com.example.A\nCaused by: java.lang.OutOfMemoryError\n2026-01-03 ERROR other\n2026-01-04 OutOfMemoryError alone\n2026-01-05 end\n", func() bool { return has(events, "id") })
	if line := k.events(1)[0]["line"]; line != "2026-01-02 ERROR request failed\n\tat com.example.A\nCaused by: java.lang.OutOfMemoryError" {
		k.Errorf("%q", line)
	}
}

// told writes text to a file, again and again until ok: the watcher begins at the file's
// end, wherever that is when it opens it.
func (k *kitchen) told(path, text string, ok func() bool) {
	k.Helper()
	k.append(path, "")
	wrote := 0
	eventually(k.T, "what is written to "+filepath.Base(path)+" is told", func() bool {
		if ok() {
			return true
		}
		if wrote++; wrote%50 == 1 {
			k.append(path, text)
		}
		return ok()
	})
}

// has reports whether a file has text in it.
func has(path, text string) bool {
	data, _ := os.ReadFile(path)
	return strings.Contains(string(data), text)
}

func programForEach(k *kitchen, r recipe) {
	log, out := filepath.Join(k.dir, "log/auth.log"), filepath.Join(k.dir, "out")
	k.append(log, "old: session opened for user root\n")
	k.script(filepath.Join(k.dir, "light"), "echo \"$@\" >>"+out+"; cat >>"+out+"\n")
	k.cook(r, "/usr/local/lib/trawl/light", k.dir+"/light")
	k.told(log, "su: session opened for user root by $(reboot)\n", func() bool { return has(out, "}\n") })
	if data, _ := os.ReadFile(out); !strings.HasPrefix(string(data), "red root-login\n{\"id\":") {
		k.Errorf("%s", data)
	}
}

func jsonLines(k *kitchen, r recipe) {
	log := filepath.Join(k.dir, "log/app.log")
	k.append(log, "an old error\n")
	k.cook(r)
	out := filepath.Join(k.dir, "log/trawl/events.jsonl")
	k.told(log, "Disk Error: bad\n", func() bool { return has(out, "}\n") })
	first := k.events(1)[0]
	if first["line"] != "Disk Error: bad" || first["rule"] != "failure" || first["text"] != "Error" || first["labels"].(map[string]any)["path"] != log || first["labels"].(map[string]any)["site"] != "home" {
		k.Errorf("%v", first)
	}
	// Both files are rotated: the log, and the events.
	for _, path := range []string{log, out} {
		if err := os.Rename(path, path+".1"); err != nil {
			k.Fatal(err)
		}
	}
	k.append(log, "it failed\n")
	eventually(k.T, "the new file has it", func() bool { return has(out, "it failed") })
}
