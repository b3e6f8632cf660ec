// Command demo writes the traces of a text fixture as real files.
package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"

	"github.com/wiretale/wiretale/internal/fixture"
)

func main() {
	log.SetFlags(0)
	out := flag.String("o", "", "name of the file, for a fixture with one trace")
	flag.Parse()
	if flag.NArg() != 1 || *out == "" {
		log.Fatal("usage: demo -o FILE FIXTURE.txtar")
	}
	traces, err := fixture.Load(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	dir := filepath.Dir(*out)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		log.Fatal(err)
	}
	path, err := traces[0].Write(dir)
	if err == nil && path != *out {
		err = os.Rename(path, *out)
	}
	if err != nil {
		log.Fatal(err)
	}
}
