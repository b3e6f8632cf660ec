package main

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/wiretale/wiretale/internal/spell"
)

// maxNeighbours bounds the look around for a mistyped file name.
const maxNeighbours = 1000

// pathHint offers the file beside a missing one whose name is nearest, or the command that was meant.
func pathHint(e *fs.PathError) string {
	if !os.IsNotExist(e) {
		return ""
	}
	if name := spell.Nearest(e.Path, commandNames); name != "" && filepath.Base(e.Path) == e.Path {
		return "did you mean the command: wiretale " + name
	}
	dir, err := os.Open(filepath.Dir(e.Path))
	if err != nil {
		return ""
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(maxNeighbours)
	if name := spell.Nearest(filepath.Base(e.Path), names); name != "" {
		return "did you mean " + filepath.Join(filepath.Dir(e.Path), name)
	}
	return ""
}
