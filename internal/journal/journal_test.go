package journal

import (
	"bytes"
	"strings"
	"testing"
)

func TestFields(t *testing.T) {
	entry := Append(nil, "MESSAGE", "recv = 13")
	entry = Append(entry, "BINARY", "a\nb\x00c")
	entry = Append(entry, "EMPTY", "")
	entry = Append(entry, "LAST", "x")
	var got []string
	for name, v := range Fields(append(entry, "\nBEHIND=1\n"...)) {
		if !bytes.HasPrefix(entry[v.Off:], v.Bytes) {
			t.Errorf("%s does not lie at %d", name, v.Off)
		}
		got = append(got, name+"="+string(v.Bytes))
	}
	if want := "MESSAGE=recv = 13|BINARY=a\nb\x00c|EMPTY=|LAST=x"; strings.Join(got, "|") != want {
		t.Errorf("%q", got)
	}
	for n := range entry { // cut anywhere
		for name, v := range Fields(entry[:n]) {
			if v.Off+len(v.Bytes) > n {
				t.Errorf("%s reaches over the end", name)
			}
		}
	}
}

func FuzzFields(f *testing.F) {
	f.Add(Append(Append(nil, "A", "1"), "B", "2\n3"))
	f.Add([]byte("NAME\n\xff\xff\xff\xff\xff\xff\xff\xffx"))
	f.Fuzz(func(t *testing.T, entry []byte) {
		at := 0
		for name, v := range Fields(entry) {
			if v.Off < at || v.Off+len(v.Bytes) > len(entry) || len(name) > maxName {
				t.Fatalf("%q at %d, %d bytes", name, v.Off, len(v.Bytes))
			}
			at = v.Off + len(v.Bytes)
		}
	})
}
