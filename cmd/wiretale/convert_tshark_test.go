package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// converted are captures of many kinds; what our files say of them must be what tshark reads from the originals.
var converted = []string{
	"formats/*",
}

// convertedOtherwise are those that are converted otherwise than tshark shows them, and why.
var convertedOtherwise = map[string]string{
	"formats/tcptrace_eth.erf.gz":            "the frame inside the ERF record is written, and not the record",
	"formats/rusticata_modified-format.pcap": "the direction of packets becomes a flag",
	"formats/hadriel_be_test018.pcapng":      copyNot, "formats/hadriel_be_test202.pcapng": copyNot, "formats/hadriel_le_test102.pcapng": copyNot, "formats/hadriel_le_test202.pcapng": copyNot,
	"formats/pcpp_pcapng-example.pcapng": "ticks that are no time", "formats/pcpp_pcapng-example.pcapng.zst": "ticks that are no time",
}

const copyNot = "custom blocks that ask not to be copied are not"

// TestConvertEqualsTshark compares number, time, lengths, link type, interface, comments and protocols of every packet.
func TestConvertEqualsTshark(t *testing.T) {
	for _, tool := range []string{"tshark", "capinfos"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("not installed: ", err)
		}
	}
	root := filepath.Join("..", "..", "..", "shared", "captures")
	if _, err := os.Stat(root); err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	compared := 0
	for _, pattern := range converted {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			name, _ := filepath.Rel(root, path)
			if st, err := os.Stat(path); err != nil || st.Size() > 100<<10 || convertedOtherwise[name] != "" {
				continue
			}
			want, whole := shown(t, path)
			if !whole || strings.Contains(want, "netmon") { // tshark stops at damage, and shows headers of Network Monitor as packets
				continue
			}
			out := filepath.Join(t.TempDir(), "out.pcapng")
			var errs strings.Builder
			if code := run(t.Context(), []string{"convert", "-q", path, "-w", out}, strings.NewReader(""), &errs, &errs); code != exitOK {
				t.Errorf("%s: exit code %d: %s", name, code, errs.String())
				continue
			}
			got, whole := shown(t, out)
			if got != want || !whole {
				t.Errorf("%s: tshark reads the copy otherwise\n%s", name, firstDifference(strings.Split(got, "\n"), strings.Split(want, "\n")))
			}
			if said, err := exec.Command("capinfos", out).CombinedOutput(); err != nil || strings.Contains(string(said), "An error") {
				t.Errorf("%s: capinfos says %s", name, said)
			}
			compared++
		}
	}
	if compared < 25 {
		t.Errorf("%d captures compared", compared)
	}
}

// shown is what tshark says of the packets; whole is false when it complains.
func shown(t *testing.T, path string) (rows string, whole bool) {
	var out, errs strings.Builder
	cmd := exec.Command("tshark", "-n", "-r", path, "-T", "fields")
	for _, f := range []string{"frame.number", "frame.time_epoch", "frame.len", "frame.cap_len", "frame.encap_type", "frame.interface_name", "frame.comment", "frame.packet_flags", "frame.protocols", "ip.src", "tcp.seq_raw"} {
		cmd.Args = append(cmd.Args, "-e", f)
	}
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", false
	}
	return strings.ReplaceAll(out.String(), "\tunknown\t", "\t\t"), !strings.Contains(errs.String(), "appears to")
}
