package lab

import "testing"

func TestBarsShowWhatIsMissed(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{AtLeast(1.2, 1.1), "1.20 (≥ 1.10)"},
		{AtLeast(1.0, 1.1), "**1.00** (≥ 1.10)"},
		{AtMost(0.5, 0.65), "0.50 (≤ 0.65)"},
		{AtMost(0.7, 0.65), "**0.70** (≤ 0.65)"},
		{AtMost(0.7, 0), "0.70"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}
