package wire

import "testing"

func FuzzControlFrames(f *testing.F) {
	f.Add((&AskControl{Number: 7, For: 1 << 60}).Append(nil))
	f.Add((&RequestControl{Number: 1 << 63, Full: true, Hops: 3, Remaining: 1234567890}).Append(nil))
	f.Add((&ReplyControl{Number: 7, Failed: true}).Append(nil))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if c, ok := ParseRequestControl(frame); ok {
			if back, ok := ParseRequestControl(c.Append(nil)); !ok || back != c {
				t.Fatalf("%+v became %+v", c, back)
			}
		}
		if c, ok := ParseAskControl(frame); ok {
			if back, ok := ParseAskControl(c.Append(nil)); !ok || back != c {
				t.Fatalf("ask %+v came back as %+v", c, back)
			}
		}
		if c, ok := ParseReplyControl(frame); ok {
			if back, ok := ParseReplyControl(c.Append(nil)); !ok || back != c {
				t.Fatalf("%+v became %+v", c, back)
			}
		}
	})
}
