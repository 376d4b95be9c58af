package human

import "testing"

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 550_912: "550.9 kB", 1_500_000: "1.5 MB",
		99_900_000: "99.9 MB", 512_400_000: "512 MB", 1_900_000_000: "1.9 GB", 32e9: "32.0 GB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567",
		-1: "-1", -999: "-999", -1000: "-1,000", -123456: "-123,456",
	} {
		if got := Number(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for want, got := range map[string]string{
		"0 rules": Count(0, "rule"), "1 rule": Count(1, "rule"), "1,234 rules": Count(int64(1234), "rule"),
		"1 regex": Count(1, "regex"), "2 regexes": Count(2, "regex"),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
