// Command post1 writes testdata/post1.txtar, the trace of the first post as a
// fixture, from the listing's facts in ../shared/golden.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
)

const heading = `The trace of a server and its client on Windows 7, recorded at the server with
netsh trace: every event and packet of the published listing, in its order and
with its frame numbers. The listing has no times, so no record has one. Events
of other programs, which the listing leaves out, are filler. The rundown that
names the processes comes at the end, as in a real trace.

-- post1.etl --
trace windows=6.1.7600 pointer=4
`

func main() {
	log.SetFlags(0)
	golden := flag.String("golden", "../../../shared/golden/post1_events.tsv", "the listing's facts")
	out := flag.String("out", "../../testdata/post1.txtar", "the fixture")
	flag.Parse()
	text, err := Build(*golden)
	if err == nil {
		err = os.WriteFile(*out, []byte(text), 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// Build makes the fixture from the listing's facts.
func Build(golden string) (string, error) {
	f, err := os.Open(golden)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var b strings.Builder
	b.WriteString(heading)
	number := 2 // the next frame: 1 is the file's header
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	s.Scan()
	for s.Scan() {
		c := strings.Split(s.Text(), "\t")
		var frame int
		if _, err := fmt.Sscan(c[0], &frame); err != nil {
			return "", err
		}
		if frame > number {
			fmt.Fprintf(&b, "- filler %d\n", frame-number)
		}
		number = frame + 1
		switch c[5] {
		case "Microsoft-Windows-Winsock-AFD":
			fmt.Fprintf(&b, "- event %s AFD: %s\n", c[2], c[7])
		case "Microsoft-Windows-TCPIP":
			fmt.Fprintf(&b, "- event %s TCPIP: %s\n", c[2], c[7])
		default:
			fmt.Fprintf(&b, "- packet %s %s\n", c[2], packet(c[7]))
		}
	}
	b.WriteString("- process 0 Idle key=0x82A5A640\n- process 2704 tcpserver.exe key=0x893F92B0 parent=1884\n")
	return b.String(), s.Err()
}

const client, server = "192.168.1.200:55908", "192.168.1.212:13000"

// packet turns the listing's description of a packet into the fixture's words.
func packet(text string) string {
	fields := map[string]string{}
	for _, part := range strings.Split(strings.TrimPrefix(strings.TrimPrefix(text, "TCP:"), " [Bad CheckSum]"), ", ") {
		k, v, _ := strings.Cut(part, "=")
		fields[k], _, _ = strings.Cut(v, " ")
	}
	fromServer := fields["SrcPort"] == "13000"
	out := fmt.Sprintf("in %s > %s", client, server)
	if fromServer {
		out = fmt.Sprintf("out %s > %s", server, client)
	}
	flags := strings.ReplaceAll(fields["Flags"], ".", "")
	out += fmt.Sprintf(" %s seq=%s ack=%s win=%s", flags, fields["Seq"], fields["Ack"], fields["Win"])
	if strings.Contains(flags, "S") {
		out += " mss=1460 ws=8"
	}
	if fields["PayloadLen"] != "0" {
		payload := "Test message1"
		if fromServer {
			payload = strings.ToUpper(payload)
		}
		out += ` "` + payload + `"`
	}
	if fromServer {
		out += " csum=partial"
	}
	return out
}
