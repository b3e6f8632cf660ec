package web

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds the name of an uploaded file in bytes.
const maxName = 120

// noName is what a file without a name is called.
const noName = "capture"

// safeName makes a name of a file out of what a client says:
//
//  1. the last part of a path of any system;
//  2. no control and format characters (they turn text around), none that a system forbids, one character of anything that is no text;
//  3. no spaces and points at its ends;
//  4. not the name of a device of Windows;
//  5. at most maxName bytes, with the extension when that is short.
//
// Files are not stored under it: it is what people see.
func safeName(given string) string {
	given = given[strings.LastIndexAny(given, `/\`)+1:]
	name := strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError || strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs):
			return -1
		}
		return r
	}, strings.ToValidUTF8(given, "\uFFFD"))
	name = strings.Trim(cut(strings.Trim(name, " ."), maxName), " .")
	if isDevice(name) {
		name = "_" + cut(name, maxName-1)
	}
	if name == "" {
		return noName
	}
	return name
}

// cut makes a name n bytes long at most. An extension of up to 16 bytes stays.
func cut(name string, n int) string {
	if len(name) <= n {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 16 || len(ext) == len(name) {
		ext = ""
	}
	end := n - len(ext)
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end] + ext
}

// devices are names that Windows has in every folder, with any extension.
var devices = []string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"}

func isDevice(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	if slices.Contains(devices, base) {
		return true
	}
	kind, number, ok := strings.Cut(base, "COM")
	if !ok {
		kind, number, ok = strings.Cut(base, "LPT")
	}
	return ok && kind == "" && strings.Contains(" 0 1 2 3 4 5 6 7 8 9 ¹ ² ³ ", " "+number+" ") && number != ""
}

// unlike makes a name that is none of those taken.
func unlike(name string, taken []string) string {
	ext := path.Ext(name)
	base := strings.TrimSuffix(name, ext)
	for n, free := 2, name; ; n++ {
		if !slices.Contains(taken, free) {
			return free
		}
		free = base + " (" + itoa(n) + ")" + ext
	}
}
