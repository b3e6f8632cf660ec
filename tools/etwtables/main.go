// Command etwtables turns the facts about event layouts into the text tables
// that the provider packages embed.
//
// Input is a folder of JSON files: events_<name>.json holds, for each
// "id.version", the layout variants with the first and last Windows build that
// has them; valuemaps.json and the files of maps read from traces hold the
// value maps; tdh_info_17134_trace.json is what one trace says of its own
// events. What those sources leave out (how a number is meant to be shown, a
// length that an old manifest gives and a newer list does not) comes from the
// three tables beside this file, which are written by hand: hints.tsv,
// names.tsv and providers.tsv.
//
// Output is events.tsv and, where a provider has value maps, maps.tsv in
// <out>/<folder>. The same input gives the same bytes.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	etw := flag.String("etw", "../../shared/etw", "folder of the JSON files")
	out := flag.String("out", ".", "folder of the provider packages")
	flag.Parse()
	if err := run(*etw, *out); err != nil {
		fmt.Fprintln(os.Stderr, "etwtables:", err)
		os.Exit(1)
	}
}

func run(etw, out string) error {
	files, err := generate(etw)
	if err != nil {
		return err
	}
	for name, data := range files {
		path := filepath.Join(out, name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// generate makes every table: file name below the output folder to content.
func generate(etw string) (map[string][]byte, error) {
	hand, err := readHand()
	if err != nil {
		return nil, err
	}
	src, err := readSources(etw)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, p := range hand.providers {
		variants, err := src.events(p)
		if err != nil {
			return nil, err
		}
		complete(p, variants, src.tdh[p.guid], hand)
		if err := check(p, variants); err != nil {
			return nil, err
		}
		files[p.folder+"/events.tsv"] = eventsTable(variants)
		if maps := src.maps(p); len(maps) > 0 {
			files[p.folder+"/maps.tsv"] = mapsTable(maps)
		}
	}
	return files, nil
}
