package zmtp

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"trawl/test/need"
)

func TestZ85AgreesWithTheRFC(t *testing.T) {
	for text, want := range map[string]string{
		"":           "",
		"HelloWorld": "864fd26fb559f75b",
		"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6": "8e0bdd697628b91d8f245587ee95c5b04d48963f79259877b49cd9063aead3b7", // RFC 32, 26
		"00000": "00000000",
		"%nSc0": "ffffffff",
	} {
		b, err := DecodeZ85(text)
		if got := hex.EncodeToString(b); err != nil || got != want {
			t.Errorf("%q decodes to %s, %v; want %s", text, got, err, want)
		}
		if again, err := EncodeZ85(b); err != nil || again != text {
			t.Errorf("%s encodes to %q, %v; want %q", want, again, err, text)
		}
	}
}

func TestZ85RefusesWhatIsNone(t *testing.T) {
	for text, want := range map[string]string{
		"abcd":        "not 4",
		"abcdef":      "not 6",
		"0000 ":       "character 5",
		"00000ab\"cd": "character 8",
		"0000\x00":    "character 5",
		"0000é":       "not 6",
		"%nSc1":       "characters 1 to 5",
		"00000#####":  "characters 6 to 10",
	} {
		if _, err := DecodeZ85(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want an error that names %q", text, err, want)
		}
	}
	for n := range 4 {
		if _, err := EncodeZ85(make([]byte, n)); (err == nil) != (n == 0) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func FuzzZ85(f *testing.F) {
	f.Add("HelloWorld")
	f.Add("%nSc1")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := DecodeZ85(text)
		if err != nil {
			return
		}
		if again, err := EncodeZ85(b); err != nil || again != text {
			t.Errorf("%q decodes to % x, which encodes to %q, %v", text, b, again, err)
		}
	})
}

func TestKeysAreThoseOfLibzmq(t *testing.T) {
	need.That(t, python() != "", "python3-zmq")
	key := GenerateKey()
	out, err := need.Command(python(), "-c", `import sys, zmq
print(zmq.curve_public(sys.argv[1].encode()).decode())
for k in zmq.curve_keypair(): print(k.decode())`, key.Z85()).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(out))
	if lines[0] != key.Public().String() {
		t.Errorf("public key %s, libzmq says %s", key.Public(), lines[0])
	}
	public, err1 := ParsePublicKey(lines[1])
	secret, err2 := ParseSecretKey(lines[2])
	if err1 != nil || err2 != nil || secret.Public() != public || secret.Z85() != lines[2] || public.String() != lines[1] {
		t.Errorf("libzmq's pair %q: %v, %v", lines[1:], err1, err2)
	}
}

func TestMalformedKeysAreRefused(t *testing.T) {
	good := GenerateKey().Z85()
	for name, text := range map[string]string{
		"empty": "", "short": good[5:], "long": good + "00000", "alphabet": "~" + good[1:], "space": " " + good[1:],
	} {
		_, err1 := ParsePublicKey(text)
		_, err2 := ParseSecretKey(text)
		for _, err := range []error{err1, err2} {
			if err == nil || len(text) > 8 && strings.Contains(err.Error(), text[5:]) {
				t.Errorf("%s: %v; want an error without the key", name, err)
			}
		}
	}
}

func TestSecretKeyIsNotPrinted(t *testing.T) {
	o := Options{Security: Security{Mechanism: Curve, Key: GenerateKey()}}
	key := o.Security.Key
	var printed strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		fmt.Fprintf(&printed, verb+verb+verb, key, &key, o)
	}
	asJSON, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	printed.Write(asJSON)
	var log logBuffer
	log.logger().Info("options", "security", o.Security, "key", key)
	printed.WriteString(log.String())
	text := printed.String()
	for _, secret := range []string{key.Z85(), fmt.Sprint([KeySize]byte(key)), fmt.Sprintf("%x", [KeySize]byte(key)), fmt.Sprintf("%#v", [KeySize]byte(key))} {
		if strings.Contains(text, secret[1:len(secret)-1]) {
			t.Errorf("%s was printed:\n%s", secret, text)
		}
	}
}
