package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
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
		names: append([]string{"frame.number", "frame.protocols", listColumn + "Protocol", listColumn + "Info"}, fieldsOf(t, "smb2.", "smb.", "nbss.")...),
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

// smbAccepted is why a value may differ.
func smbAccepted(name, got, want string, row []string) string {
	chain, inner := strings.CutPrefix(strings.TrimPrefix(row[1], "netmon_header:"), regexp.MustCompile(`(:smb2)+`).ReplaceAllString(got, ":smb2"))
	above := regexp.MustCompile(`nbss:smb2?(:\w|$)`).FindString(row[1])
	switch {
	case name == listColumn+"Info" && got == withoutFiles(want), ofSession.MatchString(name) && got == "":
		return "channel"
	case (name == "smb2.response_to" || name == "smb2.time") && want == "":
		return "cut-question"
	case name == "smb2.auth_frame" && want != "" && !slices.ContainsFunc(strings.Split(got, "|"), func(n string) bool { return number(n) >= number(want) }):
		return "channel"
	case name == "frame.protocols" && inner && !strings.Contains(chain, "smb"):
		return "inner"
	case (name == listColumn+"Protocol" || name == listColumn+"Info") && strings.Contains(row[1], "dcerpc") && above != "":
		return "inner"
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
