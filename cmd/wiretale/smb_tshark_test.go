package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// carriesSMB reports whether a segment has a message of SMB.
func carriesSMB(p *packet.Packet) bool {
	return slices.ContainsFunc(p.Layers[:p.N], func(l packet.Layer) bool {
		return l.Proto == proto.SMB || l.Proto == proto.SMB2 || l.Proto == proto.SMB2Transform || l.Proto == proto.SMB2Compressed
	})
}

// filesOf are the names of files that a request shows.
var filesOf = regexp.MustCompile(`((Ioctl|Close|Flush|Read|Write|Lock|Notify|GetInfo|SetInfo|Find) Request[^;]*?) File: .*?( SMB2_FIND_|;[A-Z]|Session message$|$)`)

// withoutFiles is a row as it is on a connection that does not know the open files.
func withoutFiles(s string) string {
	for {
		t := filesOf.ReplaceAllString(s, "$1$3")
		if t == s {
			return s
		}
		s = t
	}
}

// ofSession are the fields that say what the session and the tree are.
var ofSession = regexp.MustCompile(`^smb2\.(auth_frame|tcon_frame|acct|domain|host|tree|share_type)$`)

// TestSMBIsTsharks compares protocol, Info and all fields of the segments with a message of SMB with what tshark prints for them.
func TestSMBIsTsharks(t *testing.T) {
	t.Parallel()
	c := comparison{
		filter: "smb2 || smb", patterns: []string{"smb2/*.pcap*", "smb2/ms/*", "lab/smb/*", "rebuilt/post2*", "netmon/*", "formats/derived_smb2rw.pcap.zst"},
		names: append([]string{"frame.number", "frame.protocols", listColumn + "Protocol", listColumn + "Info"}, fieldsOf(t, "smb2.", "smb.", "nbss.", "dcerpc.")...),
		take:  carriesSMB, accepted: smbAccepted, least: 300,
	}
	c.run(t)
}

// number is the first number of a cell.
func number(cell string) int {
	first, _, _ := strings.Cut(cell, "|")
	n, _ := strconv.Atoi(first)
	return n
}

// partly are the values that Wireshark also shows of what is not decoded here: the contexts of a CREATE, what a query
// answers, and descriptors.
var partly = regexp.MustCompile(`^smb\.access|^smb\.create\.|^smb2\.(file_attribute|allocation_size|eof|file_index|filename|lease|flags|find\.infolevel|\w+\.time|capabilities|dialect|sec_mode|server_guid|client_guid|fid|create\.oplock|file_offset|ioctl)`)

// inPipe is what Wireshark adds to the row of a unit in a pipe from what is not taken apart: a token, and arguments that it does not understand.
var inPipe = regexp.MustCompile(`, NTLMSSP_.*|\[Long frame.*`)

// unbound is the row of an answer on a pipe whose bind was not captured.
var unbound = regexp.MustCompile(`^Response: .* Ctx: \d+$`)

// smbAccepted is why a value may differ.
func smbAccepted(name, got, want string, row []string) string {
	chain, inner := strings.CutPrefix(strings.TrimPrefix(row[1], "netmon_header:"), regexp.MustCompile(`(:smb2)+`).ReplaceAllString(got, ":smb2"))
	const version1 = "nbss:smb:"
	above := regexp.MustCompile(`nbss:smb2?:`).FindString(row[1])
	switch {
	case name == listColumn+"Info" && got == withoutFiles(want), ofSession.MatchString(name) && got == "":
		return "channel"
	case (name == "smb2.response_to" || name == "smb2.time") && want == "":
		return "cut-question"
	case name == "smb2.auth_frame" && want != "" && !slices.ContainsFunc(strings.Split(got, "|"), func(n string) bool { return number(n) >= number(want) }):
		return "channel"
	case name == "frame.protocols" && inner && !strings.Contains(chain, "smb") && (!strings.Contains(chain, "dcerpc") || above == version1):
		return "inner"
	case above == version1 && strings.Contains(row[1], "dcerpc") && (strings.HasPrefix(name, listColumn) || strings.HasPrefix(name, "dcerpc.")):
		return "inner"
	case strings.HasSuffix(row[1], ":dcerpc:dcerpc") && (strings.HasPrefix(name, "dcerpc.") || name == "frame.protocols" && want == got+":dcerpc"):
		return "echo"
	case unbound.MatchString(row[3]) && want == "" && (name == "dcerpc.opnum" || name == "dcerpc.request_in" || name == "dcerpc.time"):
		return "unbound"
	case strings.HasPrefix(name, "dcerpc.") || name == listColumn+"Info" && strings.Contains(row[1], "dcerpc"):
		return dcerpcAccepted(name, got, inPipe.ReplaceAllString(want, ""), row)
	case strings.Contains(row[3], "[Packet size limited") || strings.Contains(row[3], "[BoundErrorUnreassembled"):
		if within(occurrences(want), occurrences(got)) || ofSession.MatchString(name) && within(occurrences(got), occurrences(want)) {
			return "broken-off"
		}
	}
	switch {
	case partly.MatchString(name) && within(occurrences(got), occurrences(want)):
		return "partly"
	case strings.HasPrefix(name, "smb2.error.") && want == "", strings.HasPrefix(name, "smb2.ses") && got == "" && want != "" || name == "smb2.security_blob" && want == "<MISSING>":
		return "setup-error"
	case strings.HasSuffix(name, "time") && got == "" && strings.HasPrefix(want, "Jan  1, 1970 00:00:00"):
		return "no-time"
	}
	return ""
}

// smbRow are the rows of tshark that are compared: what SMB carries is not decoded.
var smbRow = regexp.MustCompile(`^\d+\t(TCP|NBSS|SMB2?)\t`)

// whySMBRow is why a row differs, "" when it may not.
func whySMBRow(got, want string) string {
	switch {
	case got == withoutFiles(want):
		return "channel"
	case strings.Contains(want, "NBSS Continuation") && strings.Contains(got, "[BoundErrorUnreassembled"):
		return "resync"
	case strings.Contains(got, "[Packet size limited"), strings.HasSuffix(want, "\tSession message"), strings.Contains(want, "NBSS Continuation") && strings.HasSuffix(got, "Session request"):
		return "broken-off"
	case strings.HasSuffix(want, "[TCP segment of a reassembled PDU]") && strings.HasPrefix(want, got+" ") && !regexp.MustCompile(`\b(445|139) (\[|→)|→ (445|139)\b`).MatchString(want):
		return "inner" // of DCE/RPC, beside SMB
	}
	return ""
}

// TestSMBRowsAreTsharks compares Protocol and Info of all rows of captures of SMB 2 with tshark's, the segments that only carry a part of a message and the acknowledgments too.
func TestSMBRowsAreTsharks(t *testing.T) {
	t.Parallel()
	need(t, "tshark")
	var files []string
	for _, pattern := range []string{"smb2/*.pcap*", "smb2/ms/*", "lab/smb/*", "rebuilt/post2*"} {
		found, _ := filepath.Glob(filepath.Join(captures, pattern))
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skip("../shared/captures is not here: no captures to compare")
	}
	var mu sync.Mutex
	rows, reasons := 0, map[string]int{}
	each(sampled(files), func(file string) {
		args := []string{"-r", file, "-T", "fields", "-e", "frame.number", "-e", listColumn + "Protocol", "-e", listColumn + "Info"}
		want := strings.Split(byTshark(args...), "\n")
		got := strings.Split(wiretale(t, append([]string{"packets", "-q"}, args...)...), "\n")
		mu.Lock()
		defer mu.Unlock()
		if len(want) != len(got) {
			t.Errorf("%s: %d rows, tshark has %d", filepath.Base(file), len(got)-1, len(want)-1)
			return
		}
		for i := range want {
			g, w := strings.TrimSpace(got[i]), strings.TrimSpace(want[i])
			if !smbRow.MatchString(w) {
				continue
			}
			if rows++; g == w {
				continue
			}
			why := whySMBRow(g, w)
			if reasons[why]++; why == "" && reasons[why] <= 20 {
				t.Errorf("%s\n got %.200s\nwant %.200s", filepath.Base(file), g, w)
			}
		}
	})
	t.Logf("%d rows compared; rows that differ, by reason: %v", rows, reasons)
	if rows < 1000 {
		t.Errorf("only %d rows compared: the captures or the pattern changed", rows)
	}
}
