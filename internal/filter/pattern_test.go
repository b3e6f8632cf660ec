package filter

import (
	"strings"
	"testing"
)

// TestPattern: what PCRE2 says in the way that Wireshark uses it: bytes, in any case.
func TestPattern(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"abc", "xABCx", true}, {"(?-i)abc", "xABCx", false}, {"(?-i:a)bc", "aBC", true},
		{"a.c", "a\nc", false}, {"(?s)a.c", "a\nc", true}, {"a.c", "a\xe9c", true}, {"a.c", "aéc", false}, {"a..c", "aéc", true},
		{"é", "É", false}, {"\xe9", "\xc9", false}, {"\\xe9", "a\xe9", true}, {"\\351", "\xe9", true}, {"[\\x80-\\xff]{2}", "é", true}, {"[\\x80-\\xff]{3}", "é", false},
		{"[^\\x00-\\x7f]", "plain", false}, {"\\x00", "a\x00b", true}, {"k", "\u212a", false}, {"s", "ſ", false},
		{"c$", "abc", true}, {"c$", "abc\n", true}, {"c$", "abc\n\n", false}, {"^$", "", true}, {"^b", "a\nb", false}, {"(?m)^b$", "a\nb\nc", true},
		{"\\d{3}\\s", "x404 ", true}, {"(gif|jpg)$", "/a.JPG", true}, {"\\.(org|com)$", "example.Com", true}, {"(a+)+$", strings.Repeat("a", 5000) + "b", false},
		{"passw", strings.Repeat("p", 300) + "ASSword", true}, {"passw", strings.Repeat("pas", 100), false}, {strings.Repeat("ab", 200), strings.Repeat("ab", 150) + "c", false}, {"x*", "", true}, {"", "", true},
	}
	for _, tt := range tests {
		p, message := newPattern(tt.pattern)
		if message != "" {
			t.Errorf("%q: %s", tt.pattern, message)
			continue
		}
		if got := p.matchString(tt.text); got != tt.want {
			t.Errorf("%q matches %.20q: %v, want %v", tt.pattern, tt.text, got, tt.want)
		}
	}
}

// TestFoldedSearch holds the search against the plain one.
func TestFoldedSearch(t *testing.T) {
	text := []byte("The quick brown fox; GET /index.HTML aaaaab\x00")
	for from := range text {
		for to := from + 1; to <= len(text); to++ {
			part := strings.ToLower(string(text[from:to]))
			if f := newFoldedSearch(part); !f.in(text) || f.in(text[:to-1]) != strings.Contains(strings.ToLower(string(text[:to-1])), part) {
				t.Errorf("%q is not found where it is", part)
			}
		}
	}
}
