package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

const captures = "../../../shared/captures"

// need skips a test that cannot run here; on a build server, which has the tools, that is a failure.
func need(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		if os.Getenv("WIRETALE_CI") != "" {
			t.Fatalf("%s is not installed", tool)
		}
		t.Skipf("%s is not installed: make deps installs it", tool)
	}
}

var accurateECN = regexp.MustCompile(`( (EE[01]B|ECEB)=\d+)+|, (ACE=\d|ECE|CWR|AE)`)

// differences are what may differ from tshark's row, with the reason.
var differences = []struct {
	why, with string
	re        *regexp.Regexp
}{
	{"verdicts of the TCP analysis are held against tshark in internal/flow", "", regexp.MustCompile(`\[TCP [A-Z][^\]#]*( \d+#\d+)?\] `)},
	{"tshark follows protocols above TCP", "", regexp.MustCompile(` \[TCP segment of a reassembled PDU\]|\[Reassembly error, .*`)},
	{"tshark knows the frames that come later", "", regexp.MustCompile(` \((request|reply) in \d+\)| \(no response found!\)| \[Reassembled in #\d+\]`)},
	{"the payload was cut, the header is whole", "", regexp.MustCompile(`\[Packet size limited during capture\]$`)},
	{"accurate ECN: tshark shows its counter after the handshake where the flags are shown here", "", accurateECN},
	{"tshark calls a SACK option without blocks malformed", "Len=0", regexp.MustCompile(`Len=0\[Malformed Packet\]$`)},
}

// comparable are rows of protocols that both show; the others are named after a protocol above.
var comparable = regexp.MustCompile(`^ *\d+ +-?[\d.]+ .* (TCP|UDP) \d+ .*\d+ → \d+|^ *\d+ +-?[\d.]+ .* (ARP|ICMP|ICMPv6|IGMPv\d) \d+ .`)

var (
	// resent are segments that tshark does not look into, whatever they carry.
	resent = regexp.MustCompile(`\[TCP ((Fast |Spurious )?Retransmission|Out-Of-Order)\]`)
	// anyPort are rows of ours that show what tshark looks for on some ports only.
	anyPort = regexp.MustCompile(` (HTTP2|GRPC|SMTP|POP|IMAP)\S* \d+ `)
	// application are rows of ours that show a message, or a part of one.
	application = regexp.MustCompile(` (TLS|SSL|HTTP)\S* \d+ |\[TCP segment of a reassembled PDU\]`)
)

func plainRow(s string) string {
	for _, d := range differences {
		s = d.re.ReplaceAllString(s, d.with)
	}
	return strings.TrimRight(s, " ")
}

// TestRowsAreTsharks compares every row of the packet list with tshark's.
func TestRowsAreTsharks(t *testing.T) {
	t.Parallel()
	files := sampleFiles(t, "tcp", "link")
	compared, wrong := 0, 0
	var mu sync.Mutex
	each(files, func(file string) {
		want, got := strings.Split(byTshark("-r", file), "\n"), strings.Split(wiretale(t, "packets", "-q", file), "\n")
		if len(want) != len(got) {
			t.Errorf("%s: %d rows, tshark has %d", filepath.Base(file), len(got)-1, len(want)-1)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for i := range want {
			if !comparable.MatchString(want[i]) {
				continue
			}
			compared++
			if anyPort.MatchString(got[i]) || (resent.MatchString(want[i]) || strings.HasSuffix(got[i], " Continuation")) && application.MatchString(got[i]) {
				continue
			}
			if w, g := plainRow(want[i]), plainRow(got[i]); w != g {
				if wrong++; wrong <= 20 {
					t.Errorf("%s\n got %s\nwant %s", filepath.Base(file), g, w)
				}
			}
		}
	})
	t.Logf("%d rows of %d files compared", compared, len(files))
	if compared < 10_000 {
		t.Errorf("only %d rows compared: the captures or the pattern changed", compared)
	}
}
