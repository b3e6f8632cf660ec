package wiretale

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers lists the rooms of the house from the ground up. A package may
// import packages of lower rows only; rooms on one row do not know each other.
// A package is in the room with the longest name: view/api, which puts together
// what several views show, is above their family and no member of it.
// docs/ARCHITECTURE.md explains the order.
var layers = [][]string{
	{"internal/bin", "internal/row", "internal/spell", "internal/prefetch", "internal/xca", "internal/blockcipher", "internal/line", "internal/budget", "internal/checksum", "internal/coding"},
	{"trace", "field"},
	{"internal/ber", "internal/tlsrecord", "internal/journal"},
	{"internal/certificate"},
	{"format", "provider", "proto"},
	{"internal/secrets", "internal/packet", "internal/replay"},
	{"internal/flow", "internal/record"},
	{"internal/request", "internal/redact", "internal/neighbor", "internal/fragment"},
	{"internal/handshake"},
	{"internal/stream"},
	{"internal/session", "internal/login", "internal/content"},
	{"internal/point", "internal/fileio"},
	{"internal/filter", "diag"},
	{"internal/engine", "internal/stats", "internal/contrast", "internal/scrub", "internal/object", "internal/cleartext"},
	{"internal/index"},
	{"view"},
	{"view/api"},
	{"view/web", "view/report"},
	{"cmd"},
}

// aside are rooms for tests and tools: nobody of the house imports them, they may import anything.
var aside = []string{"internal/fixture", "diag/diagtest", "tools", "lab"}

func room(pkg string) (row int, name string) {
	row = -1
	for i, rooms := range layers {
		for _, r := range rooms {
			if (pkg == r || strings.HasPrefix(pkg, r+"/")) && len(r) > len(name) {
				row, name = i, r
			}
		}
	}
	return row, name
}

func isAside(pkg string) bool {
	return slices.ContainsFunc(aside, func(a string) bool { return pkg == a || strings.HasPrefix(pkg, a+"/") })
}

func TestImportsGoOneWay(t *testing.T) {
	const module = "github.com/wiretale/wiretale/"
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || !strings.Contains(path, "/") {
			return nil
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		if isAside(pkg) {
			return nil
		}
		row, from := room(pkg)
		if row < 0 {
			t.Errorf("%s is in no room of the house: add it to layers, and to docs/ARCHITECTURE.md", pkg)
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, im := range f.Imports {
			target, ok := strings.CutPrefix(mustUnquote(im.Path.Value), module)
			if !ok {
				continue
			}
			if isAside(target) {
				t.Errorf("%s imports %s, which is for tests and tools", path, target)
				continue
			}
			if why := forbidden(pkg, row, from, target); why != "" {
				t.Errorf("%s imports %s: %s", path, target, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// forbidden says why pkg, in room from on row, may not import target; "" when it may.
func forbidden(pkg string, row int, from, target string) string {
	targetRow, to := room(target)
	switch {
	case to == from:
		return forbiddenInside(pkg, from, target)
	case targetRow < 0:
		return "it is in no room"
	case targetRow > row:
		return to + " is above " + from
	case targetRow == row:
		return to + " is beside " + from
	}
	return ""
}

// forbiddenInside holds the members of a family apart: they share the root
// package, a member's own subpackages, and all/ may list everything.
func forbiddenInside(pkg, family, target string) string {
	if target == family || pkg == target || strings.HasSuffix(pkg, "/all") {
		return ""
	}
	if pkg == family {
		if family == "cmd" || strings.HasPrefix(family, "internal/") {
			return ""
		}
		return "the root of a family does not know its members"
	}
	member := func(p string) string { return strings.Split(strings.TrimPrefix(p, family+"/"), "/")[0] }
	if member(pkg) == member(target) || strings.HasPrefix(family, "internal/") {
		return ""
	}
	return "sideways inside " + family
}

func mustUnquote(s string) string {
	u, err := strconv.Unquote(s)
	if err != nil {
		panic(err)
	}
	return u
}
