package line

import (
	"fmt"
	"testing"
)

func TestEach(t *testing.T) {
	for text, want := range map[string]string{
		"":              "",
		"a\r\nbc\n\r\n": "0-1-3 3-5-6 6-6-8 ",
		"a\rb":          "0-3-3 ",
		"\n\r":          "0-0-1 1-2-2 ",
	} {
		got := ""
		Each([]byte(text), func(at, end, next int) bool {
			got += fmt.Sprintf("%d-%d-%d ", at, end, next)
			return true
		})
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	end, next := Token([]byte("RCPT  TO"), 0)
	if end != 4 || next != 6 {
		t.Errorf("a word ends at %d, the next one begins at %d", end, next)
	}
	for text, want := range map[string]int{"": -1, "12": 12, "1a": -1, "1234567890": -1, "-1": -1} {
		if n, ok := Number([]byte(text)); ok != (want >= 0) || ok && n != want {
			t.Errorf("%q: got %d, %v", text, n, ok)
		}
	}
	known := map[string]string{"EHLO": "EHLO"}
	for text, want := range map[string]string{"ehlo": "EHLO", "Xyz": "XYZ", "dXNlcg==": Unknown, "abcdefghijklmnop": Unknown} {
		if got := Verb([]byte(text), known); got != want {
			t.Errorf("%s: got %s", text, got)
		}
	}
	if Upper([]byte("ehlo"), known) != "EHLO" || Upper([]byte("x"), known) != "X" {
		t.Error("a word in capitals")
	}
}

func FuzzEach(f *testing.F) {
	f.Add([]byte("a\r\nb\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		last := 0
		Each(b, func(at, end, next int) bool {
			if at != last || end < at || next < end || next <= at || next > len(b) {
				t.Fatalf("%d %d %d in %q", at, end, next, b)
			}
			last = next
			return true
		})
		if last != len(b) || Whole(b) > len(b) {
			t.Fatalf("%d of %d bytes", last, len(b))
		}
	})
}
