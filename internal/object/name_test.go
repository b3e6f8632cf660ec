package object

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSafe(t *testing.T) {
	for name, want := range map[string]string{
		"a.txt": "a.txt", "/": "%2f", `\dir\file14.txt`: "%5cdir%5cfile14.txt", "..": ".%2e", ".": "%2e", "": "object", "log.php3?URL=x&y": "log.php3%3fURL=x&y",
		"../../etc/passwd": "..%2f..%2fetc%2fpasswd", "CON": "_CON", "nul.txt": "_nul.txt", "com1 .x": "_com1 .x", "COM¹": "_COM¹", "console": "console",
		"a\x00b\x1b[31m": "a%00b%1b[31m", "\xff": "%ff", "name ": "name%20", "é": "é", "\u202etxt.exe": "%e2%80%aetxt.exe", "a:b": "a%3ab",
	} {
		if got := Safe(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	for _, long := range []string{strings.Repeat("é", 400) + ".html", strings.Repeat("x", 400)} {
		if got := Safe(long); len(got) > maxName || !utf8.ValidString(got) || strings.Contains(long, ".html") && !strings.HasSuffix(got, ".html") {
			t.Errorf("%d bytes: %q", len(got), got)
		}
	}
}

func TestNames(t *testing.T) {
	var n names
	var got []string
	for _, name := range []string{"a.txt", "A.txt", "a(1).txt", "a.txt", "b", "b", "there", ".DS_Store", ".DS_Store"} {
		o := &Object{Name: name}
		n.give(o, func(s string) bool { return s == "there" })
		got = append(got, o.Name)
	}
	want := "a.txt A(1).txt a(1)(1).txt a(2).txt b b(1) there(1) .DS_Store (1).DS_Store"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("%s, want %s", s, want)
	}
}

// FuzzSafe: a name is that of a file in the directory, whatever was asked for, and stays what it is.
func FuzzSafe(f *testing.F) {
	for _, s := range []string{"a", "../x", "CON.txt", strings.Repeat("y", 300), "\xff\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s := Safe(name)
		if s == "" || s == "." || s == ".." || len(s) > maxName+8 || strings.ContainsAny(s, "/\\:\x00") || strings.HasSuffix(s, ".") || !utf8.ValidString(s) {
			t.Fatalf("%q: %q", name, s)
		}
	})
}
