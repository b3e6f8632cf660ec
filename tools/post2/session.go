package main

import (
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/internal/fixture"
)

// A line of the fixture.
type line struct {
	time  int // microseconds
	text  string
	count int // of acknowledgements of a response, of frames of filler
	row   int // index of the listing's row, -1 for none
}

// filler is the text of a line that stands for frames of others; their number is found last.
const filler = "filler "

const (
	endpoints = "192.168.1.7:50001 > 192.168.2.77:445"
	size      = 100 << 20 // of the file
	unit      = 65536     // of a read
	groups    = 15        // of three segments, in a response of 64 KiB
	spacing   = 5528      // microseconds from response to response on a link of 100 Mbit/s
)

// Build makes the fixture from the rows of the listing.
//
//  1. The session is set up, with the reads that must have been before the first row.
//  2. Every row is a line; a response takes until the next one begins.
//  3. Frames between two rows that are no segments of responses are acknowledgements, as many as there is room for, and
//     filler. What room there is, the fixture itself says.
func (r *Run) Build(golden string) (string, error) {
	rows, err := r.Rows(golden)
	if err != nil {
		return "", err
	}
	lines := append(r.open(&rows[0]), r.listing(rows)...)
	for i := range rows {
		if err := r.number(lines, rows, i); err != nil {
			return "", err
		}
	}
	return r.text(lines), nil
}

// open is what comes before the first row.
func (r *Run) open(first *row) []line {
	at := func(us int, format string, args ...any) line {
		return line{time: r.base + us, text: fmt.Sprintf(format, args...), row: -1}
	}
	start := -r.opened - 17_000
	lines := []line{{text: filler, row: -1}, at(start, "connect 0 out %s rtt=0.0006 ws=8 sack", endpoints)}
	for i, text := range []string{
		"request negotiate dialect=0x0202 dialect=0x0210", "response negotiate",
		"request session-setup", "response session-setup status=0xc0000016",
		"request session-setup", "response session-setup credits=128",
		`request tree-connect \\192.168.2.77\share`, "response tree-connect",
		"request create " + r.file,
	} {
		lines = append(lines, at(start+1000+1500*i, "smb2 0 %s", text))
	}
	lines = append(lines, at(-r.opened, "smb2 0 response create size=%d", size))
	for i := range r.before {
		lines = append(lines, at(12*i-88_447, "smb2 0 request read off=%d", first.offset+(i-r.before)*unit)) // as long before as the second batch comes behind
	}
	return lines
}

// listing is a line for each row, and for what follows the last.
func (r *Run) listing(rows []row) []line {
	var out []line
	if r.ahead > 0 {
		out = append(out, r.response(-r.ahead, r.over(rows, -1)))
	}
	for i, w := range rows {
		if i > 0 {
			out = append(out, line{time: r.base + (rows[i-1].time+w.time)/2, text: filler, row: -1})
		}
		if !w.request {
			l := r.response(w.time, r.over(rows, i))
			l.row = i
			out = append(out, l)
			continue
		}
		out = append(out, line{time: r.base + w.time, text: fmt.Sprintf("smb2 0 request read off=%d", w.offset), row: i})
		if r.whole && i+1 < len(rows) && !rows[i+1].request {
			out = append(out, line{time: r.base + w.time + 600, text: "ack 0 response", row: -1})
		}
	}
	for i := range r.after {
		out = append(out, r.response(rows[len(rows)-1].time+spacing*(i+1), spacing*(groups-1)/groups))
	}
	return out
}

func (r *Run) response(us, over int) line {
	return line{time: r.base + us, text: fmt.Sprintf("smb2 0 response read over=0.%06d burst=3", over), count: groups, row: -1}
}

// over is the time from the first segment of the response in row i to the last. The response before the first row is row -1.
func (r *Run) over(rows []row, i int) int {
	at := -r.ahead
	if i >= 0 {
		at = rows[i].time
	}
	for k := i + 1; k < len(rows); k++ {
		if !rows[k].request {
			if r.whole && k > i+1 {
				break // requests come between: this is the second of a pair
			}
			return (rows[k].time - at) * (groups - 1) / groups
		}
	}
	if r.whole {
		return at - rows[i-1].time
	}
	return spacing * (groups - 1) / groups
}

// number gives row i its number in the trace: by filler before it, or by fewer acknowledgements.
func (r *Run) number(lines []line, rows []row, i int) error {
	mine := -1
	for k := range lines {
		if lines[k].row == i {
			mine = k
		}
	}
	for {
		have, err := r.frame(lines, mine)
		if err != nil {
			return err
		}
		want := rows[i].frame
		if have == want {
			return nil
		}
		k := mine - 1
		if have < want {
			for lines[k].text != filler {
				k--
			}
			lines[k].count = want - have
			return nil
		}
		for k >= 0 && (lines[k].count == 0 || lines[k].text == filler) {
			k--
		}
		if k < 0 {
			return fmt.Errorf("row %d has number %d, not %d, and nothing to leave out", i, have, want)
		}
		lines[k].count--
	}
}

// frame is the number of the first frame that a line has in the trace.
func (r *Run) frame(lines []line, of int) (int, error) {
	traces, err := fixture.Parse([]byte(r.text(lines[:of+1]))) // what is behind it does not move it
	if err != nil {
		return 0, err
	}
	number := 1
	for _, rec := range traces[0].Records {
		if rec.Time == int64(lines[of].time)*1000 && rec.Packet != nil && len(rec.Packet.Payload) > 0 {
			return number, nil
		}
		number += max(1, rec.Filler)
	}
	return 0, fmt.Errorf("no frame at %d", lines[of].time)
}

// text is the fixture.
func (r *Run) text(lines []line) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%strace %s\n", r.heading, r.settings)
	for _, l := range lines {
		if l.text == filler && l.count == 0 {
			continue
		}
		fmt.Fprintf(&b, "%d.%06d %s", l.time/1e6, l.time%1e6, l.text)
		switch {
		case l.text == filler:
			fmt.Fprint(&b, l.count)
		case l.count > 0:
			fmt.Fprintf(&b, " acks=%d", l.count)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
