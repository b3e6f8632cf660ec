// Command post4 writes testdata/post4.txtar, the trace of the fourth post as a
// fixture, from the facts of its two listings and of its hex dump in ../shared/golden.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

const heading = `The trace of a web server on Windows, recorded at the server: every segment of
the second listing of the post, with the numbers that the first listing has for
them and the bytes of the segment whose IP length is 0, as far as the post shows
them. Frames of others, which the listings leave out, are filler. Frames that the
server received are filled up to 60 bytes, and in those that it sent the checksums
are left to the network card.

-- post4.pcapng --
trace micro
`

func main() {
	log.SetFlags(0)
	golden := flag.String("golden", "../../../shared/golden", "the folder with the post's facts")
	out := flag.String("out", "../../testdata/post4.txtar", "the fixture")
	flag.Parse()
	text, err := Build(*golden)
	if err == nil {
		err = os.WriteFile(*out, []byte(text), 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// facts are those of the segment that the post shows in bytes.
type facts struct {
	IP       struct{ ID, Src string }
	TCP      struct{ Seq, Ack uint32 }
	Inferred struct {
		Payload int `json:"tcp_payload"`
	}
	isn map[string]uint32 // initial sequence numbers by address
}

const headers = 14 + 20 + 20 // of the segment in bytes

// Build makes the fixture from the post's facts.
func Build(golden string) (string, error) {
	rows, shift, err := listing(filepath.Join(golden, "post4_rows.tsv"))
	if err != nil {
		return "", err
	}
	var f facts
	b, err := os.ReadFile(filepath.Join(golden, "post4_tso.json"))
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err != nil {
		return "", err
	}
	dump, err := bytesOf(filepath.Join(golden, "post4_frame8852_first160.hex"))
	if err != nil {
		return "", err
	}
	if err := f.count(rows); err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(heading)
	number, before := 1, 0
	for _, r := range rows {
		if frame := r.frame + shift; frame > number {
			fmt.Fprintf(&out, "%s filler %d\n", seconds(before), frame-number)
			number = frame
		}
		text, err := f.packet(&r, string(dump[headers:]))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "%s %s\n", seconds(r.time), text)
		number, before = number+1, r.time
	}
	return out.String(), nil
}

// bytesOf reads bytes written as hex.
func bytesOf(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var b []byte
	if _, err := fmt.Sscanf(string(text), "%x", &b); err != nil || len(b) < headers {
		return nil, fmt.Errorf("%s: no frame in hex: %v", path, err)
	}
	return b, nil
}

// A row is a line of the listing.
type row struct {
	frame, time    int // microseconds
	src, dst, info string
}

// listing reads the rows of the second listing, and by how much the numbers of the first are larger.
func listing(path string) (rows []row, shift int, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	first := 0
	for line := range strings.Lines(string(text)) {
		c := strings.Split(strings.TrimSpace(line), "\t")
		if len(c) != 6 || c[0] == "listing" {
			continue
		}
		r := row{src: c[3], dst: c[4], info: c[5]}
		if r.frame, err = strconv.Atoi(c[1]); err == nil {
			r.time, err = strconv.Atoi(c[2])
		}
		if err != nil {
			return nil, 0, err
		}
		switch {
		case c[0] == "after":
			rows = append(rows, r)
		case first == 0:
			first = r.frame
		}
	}
	if len(rows) == 0 {
		return nil, 0, fmt.Errorf("%s: no rows", path)
	}
	return rows, first - rows[0].frame, nil
}

func seconds(us int) string { return fmt.Sprintf("%d.%06d", us/1e6, us%1e6) }

var infoForm = regexp.MustCompile(`^(\d+) > (\d+) \[([A-Z, ]+)\] Seq=(\d+)(?: Ack=(\d+))? Win=(\d+)(?: \[TCP CHECKSUM INCORRECT\])? Len=(\d+)(?: MSS=(\d+))?( SACK_PERM=1)?$`)

// An info is the parts of a row's last column.
type info []string

// number is a part as a number, 0 when the row lacks it.
func (m info) number(i int) uint32 {
	v, _ := strconv.ParseUint("0"+m[i], 10, 32) // at most ten digits
	return uint32(v)
}

func (r *row) parts() (info, error) {
	m := infoForm.FindStringSubmatch(r.info)
	if m == nil {
		return nil, fmt.Errorf("row %d: %q", r.frame, r.info)
	}
	return m, nil
}

// count finds the initial sequence numbers: those of the listing count from them, those of the segment in bytes do not.
func (f *facts) count(rows []row) error {
	for _, r := range rows {
		m, err := r.parts()
		if err != nil {
			return err
		}
		if int(m.number(7)) == f.Inferred.Payload {
			f.isn = map[string]uint32{r.src: f.TCP.Seq - m.number(4), r.dst: f.TCP.Ack - m.number(5)}
			return nil
		}
	}
	return fmt.Errorf("no row has %d bytes", f.Inferred.Payload)
}

// packet turns a row into the fixture's words.
func (f *facts) packet(r *row, text string) (string, error) {
	m, err := r.parts()
	if err != nil {
		return "", err
	}
	own := r.src == f.IP.Src
	direction, flags := "in", ""
	for name := range strings.SplitSeq(m[3], ", ") {
		flags += name[:1]
	}
	ack := uint32(0)
	if m[5] != "" {
		ack = f.isn[r.dst] + m.number(5)
	}
	if own {
		direction = "out"
	}
	out := fmt.Sprintf("packet 0 %s %s:%s > %s:%s %s seq=%d ack=%d win=%s", direction, r.src, m[1], r.dst, m[2], flags, f.isn[r.src]+m.number(4), ack, m[6])
	if m[8] != "" {
		out += " mss=" + m[8]
	}
	if m[9] != "" {
		out += " sack"
	}
	length := int(m.number(7))
	switch {
	case length == f.Inferred.Payload:
		return out + fmt.Sprintf(" id=%s iplen=0 ipsum=0 csum=lso len=%d %q", f.IP.ID, length, text), nil
	case own:
		return out + " ipsum=0 csum=partial", nil
	case length > 0:
		out += fmt.Sprintf(" len=%d", length)
	}
	return out + " pad=60", nil
}
