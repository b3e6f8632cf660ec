package wiretale

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRaced: the packages that start goroutines are those whose tests the Makefile runs under the race detector.
func TestRaced(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(makefile)) {
		if rest, ok := strings.CutPrefix(line, "RACED "); ok {
			_, names, _ := strings.Cut(rest, ":=")
			listed = strings.Fields(names)
		}
	}
	var start []string
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || slices.Contains([]string{"testdata", "node_modules", "lab"}, d.Name())):
			return filepath.SkipDir // the lab is a module of its own
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		if pkg := "./" + filepath.ToSlash(filepath.Dir(path)); startsGoroutines(f) && !slices.Contains(start, pkg) {
			start = append(start, pkg)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(start)
	if slices.Sort(listed); !slices.Equal(start, listed) {
		t.Errorf("RACED in the Makefile has %v, goroutines are started in %v", listed, start)
	}
}

// startsGoroutines reports whether the file has a go statement, or calls what runs a function beside others.
func startsGoroutines(f *ast.File) (found bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = true
		case *ast.SelectorExpr:
			found = found || n.Sel.Name == "Go" || n.Sel.Name == "AfterFunc"
		}
		return !found
	})
	return found
}
