package main

import (
	"io/fs"
	"os"
	"path/filepath"
)

// nearest is the candidate that word was most likely meant to be, "" when none comes close.
func nearest(word string, candidates []string) string {
	best, at := "", len(word)/3+2
	for _, c := range candidates {
		if d := distance(word, c); d < at {
			best, at = c, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap to turn a into b.
func distance(a, b string) int {
	before := make([]int, len(b)+1)
	last := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// maxNeighbours bounds the look around for a mistyped file name.
const maxNeighbours = 1000

// pathHint offers the file beside a missing one whose name is nearest, or the command that was meant.
func pathHint(e *fs.PathError) string {
	if !os.IsNotExist(e) {
		return ""
	}
	if name := nearest(e.Path, commandNames); name != "" && filepath.Base(e.Path) == e.Path {
		return "did you mean the command: wiretale " + name
	}
	dir, err := os.Open(filepath.Dir(e.Path))
	if err != nil {
		return ""
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(maxNeighbours)
	if name := nearest(filepath.Base(e.Path), names); name != "" {
		return "did you mean " + filepath.Join(filepath.Dir(e.Path), name)
	}
	return ""
}
