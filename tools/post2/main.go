// Command post2 writes testdata/post2_A.txtar and testdata/post2_B.txtar, the
// two traces of the second post as fixtures, from the rows of its two listings in ../shared/golden.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	log.SetFlags(0)
	golden := flag.String("golden", "../../../shared/golden", "the folder with the post's facts")
	out := flag.String("out", "../../testdata", "the folder of the fixtures")
	flag.Parse()
	for _, r := range []Run{A, B} {
		text, err := r.Build(*golden)
		if err == nil {
			err = os.WriteFile(filepath.Join(*out, r.Name+".txtar"), []byte(text), 0o644)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

// A Run is one of the two copies of the post.
type Run struct {
	Name     string // of the fixture, and of its rows in the facts
	heading  string
	settings string
	file     string // as the listing names it
	base     int    // time of the first row in the fixture, microseconds
	opened   int    // microseconds before the first row at which the file was open
	before   int    // requests before the first row, answered from ahead microseconds before it on
	ahead    int
	after    int // responses after the last row
	whole    bool
}

// A is the copy by ccmexec, B the one by xcopy.
var (
	A = Run{
		Name: "post2_A", heading: headingA, settings: "micro", file: `TEST\100MBFile.txt`, base: 1_000_000,
		opened: 5513, // the time that the listing gives for its first row is the one since the row before
		whole:  true,
	}
	B = Run{
		Name: "post2_B", heading: headingB, settings: "micro start=2010-09-21T15:59:29", file: `xcopytest\100MBFile.txt`, base: 436_686,
		opened: 100_000,
		before: 16, ahead: 980, after: 2,
	}
)

const headingA = `The copy by ccmexec in the second post, recorded at the client: every row of its
listing with its number, its time and its Info, as a session of SMB 2.1. A row of
a response is its first segment. The listing has no times of day, and does not say
when a response was complete: its segments come in groups of three until the
next response of the pair begins, and the second takes as long as the first.
Frames that the listing leaves out are acknowledgements, and filler of others.

-- post2_A.pcapng --
`

const headingB = `The copy by xcopy in the second post, recorded at the client: every row of its
listing with its number, its time and its Info, as a session of SMB 2.1. A row of
a response is its first segment. 45 responses have 32 requests in the listing, so
the MiB before it was asked for too; two responses more answer what is then left.
Segments of a response come in groups of three until the next response begins.
Frames that the listing leaves out are acknowledgements, and filler of others.

-- post2_B.pcapng --
`

// A row is a line of a listing.
type row struct {
	frame   int
	time    int // microseconds since the first row
	request bool
	offset  int
}

// Rows reads the rows of the run's listing.
func (r *Run) Rows(golden string) ([]row, error) {
	path := filepath.Join(golden, r.Name+"_rows.tsv")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []row
	for line := range strings.Lines(string(text)) {
		c := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if c[0] == "frame" {
			continue
		}
		if len(c) != 9 || c[3] == "req" && c[6] != "65536" {
			return nil, fmt.Errorf("%s: row %q", path, line)
		}
		w := row{request: c[3] == "req"}
		for i, v := range []*int{&w.frame, nil, &w.time} {
			if v == nil {
				continue
			}
			if *v, err = strconv.Atoi(c[i]); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
		if w.request {
			if w.offset, err = strconv.Atoi(c[7]); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
		out = append(out, w)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no rows", path)
	}
	return out, nil
}
