package view

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/field/ntstatus"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/nbss"
	"github.com/wiretale/wiretale/proto/smb"
	"github.com/wiretale/wiretale/proto/smb2"
)

var (
	smbCommands  = proto.Names("smb.cmd")
	smb2Commands = proto.Names("smb2.cmd")
	smb2Finds    = proto.Names("smb2.find.infolevel")
	smb2Classes  = proto.Names("smb2.class")
	smb2Controls = proto.Names("smb2.ioctl.function")
	smb2Levels   = map[uint8]map[uint64]string{
		smb2.FileInfo: proto.Names("smb2.file_info.infolevel"), smb2.FSInfo: proto.Names("smb2.fs_info.infolevel"), smb2.SecurityInfo: proto.Names("smb2.sec_info.infolevel"),
	}
	nbssTypes = proto.Names("nbss.type")
)

// smb2Info is one message; those of a compound have semicolons between them: "Create Request File: a.txt;Close Request".
func smb2Info(row *engine.Row, i int) string {
	var m smb2.Message
	if !m.Decode(row.Packet.Bytes(i)) {
		return unfinished(row, i)
	}
	note := row.Packet.NoteOf(i)
	known := smb2.KnownOf(&note, row.Packet.TextsOf(i))
	text := smb2Text(&m, &known)
	if compounded(row.Packet, i) {
		text = ";" + text
	}
	if l := &row.Packet.Layers[i]; l.End < l.Wire {
		text += unfinished(row, i)
	}
	return text
}

// compounded reports whether layer i follows another message in a compound, or what it lies in.
func compounded(p *packet.Packet, i int) bool {
	if opened(p, i) {
		return true
	}
	if i == 0 || p.Layers[i-1].Proto != proto.SMB2 {
		return false
	}
	var m smb2.Message
	return m.Decode(p.Bytes(i-1)) && m.Next != 0
}

// unfinished says why a message ends too early: its frame goes on in segments that cannot be put together, or the capture cut the segment.
func unfinished(row *engine.Row, i int) string {
	p := row.Packet
	for j := i - 1; j > 0; j-- {
		var h nbss.Header
		if l := &p.Layers[j]; l.Proto == proto.NBSS && h.Decode(p.Bytes(j), true) && nbss.HeaderLen+h.Len > int(l.Wire-l.Off) {
			return "[BoundErrorUnreassembled Packet]"
		} else if l.Proto == proto.NBSS {
			break
		}
	}
	return ended(row, i)
}

// smb2Text is one message. What only the connection knows is the name of an open file, and what a response to QUERY_DIRECTORY answers.
func smb2Text(m *smb2.Message, known *smb2.Known) string {
	if m.Command == smb2.OplockBreak && !m.Failed() {
		return breakText(m) + smb2File(known)
	}
	name := smb2Commands[uint64(m.Command)]
	if name == "" {
		name = fmt.Sprintf("unknown-0x%02X", m.Command)
	}
	if !m.Response() {
		return name + " Request" + smb2Asked(m, known)
	}
	return name + " Response" + statusText(m.Status) + smb2Told(m, known)
}

// smb2File is the name of the file that a message's file id stands for.
func smb2File(known *smb2.Known) string {
	if !known.Named {
		return ""
	}
	return " File: " + Printable(known.File)
}

func statusText(status uint32) string {
	if status == 0 {
		return ""
	}
	if name := ntstatus.Status(status).Name(); name != "" {
		return ", Error: " + name
	}
	return fmt.Sprintf(", Error: Unknown (0x%08x)", status)
}

func breakText(m *smb2.Message) string {
	lease, notification := m.Lease()
	switch {
	case !lease && m.Response():
		return "Break Response" + statusText(m.Status)
	case !lease:
		return "Break Request"
	case notification:
		return "Lease Break Notification"
	case m.Response():
		return "Lease Break Response"
	}
	return "Lease Break Acknowledgment"
}

// smb2Asked is what a request shows of its body.
func smb2Asked(m *smb2.Message, known *smb2.Known) string {
	name, _ := m.Name()
	text := ""
	switch m.Command {
	case smb2.SessionSetup:
		return ntlmText(m)
	case smb2.TreeConnect:
		return " Tree: " + Printable(smb2.Text(name))
	case smb2.Create:
		return " File: " + Printable(smb2.Text(name))
	case smb2.Read, smb2.Write:
		if off, n, ok := m.Range(); ok {
			text = fmt.Sprintf(" Len:%d Off:%d", n, off)
		}
	case smb2.QueryDirectory:
		if level, ok := m.Level(); ok {
			return smb2File(known) + smb2Search(level, smb2.Text(name))
		}
	case smb2.QueryInfo, smb2.SetInfo:
		if class, level, ok := m.Info(); ok {
			text = " " + valueName(smb2Classes, uint64(class)) + "/" + valueName(smb2Levels[class], uint64(level))
		}
	case smb2.IOCTL:
		text = smb2Control(m)
	}
	return text + smb2File(known)
}

// smb2Search is what a listing looks for.
func smb2Search(level uint8, pattern string) string {
	return " " + valueName(smb2Finds, uint64(level)) + " Pattern: " + Printable(pattern)
}

// smb2Told is what a response shows of its body.
func smb2Told(m *smb2.Message, known *smb2.Known) string {
	switch m.Command {
	case smb2.SessionSetup:
		return ntlmText(m)
	case smb2.IOCTL:
		return smb2Control(m) + smb2File(known)
	case smb2.QueryDirectory:
		if known.Found {
			return smb2Search(known.Level, known.Find)
		}
	}
	return smb2File(known)
}

func valueName(names map[uint64]string, v uint64) string {
	if name := names[v]; name != "" {
		return name
	}
	return fmt.Sprintf("(Level:0x%02x)", v)
}

// smb2Control is the function of an IOCTL, with the path or the pipe that its request names ([MS-DFSC] 2.2.2, [MS-FSCC] 2.3.49).
func smb2Control(m *smb2.Message) string {
	code, ok := m.Function()
	if !ok {
		return ""
	}
	name := smb2Controls[uint64(code)]
	if name == "" {
		name = fmt.Sprintf("Unknown (0x%08X)", code)
	}
	const level, pipeHead = 2, 14
	switch in := m.Input(); {
	case code == smb2.GetReferrals && len(in) >= level:
		path, _, _ := strings.Cut(smb2.Text(in[level:]), "\x00")
		return " " + name + ", File: " + Printable(path)
	case code == smb2.PipeWait && len(in) >= pipeHead:
		n := min(binary.LittleEndian.Uint32(in[8:]), uint32(len(in)-pipeHead))
		return " " + name + " Pipe: " + Printable(smb2.Text(in[pipeHead:pipeHead+n]))
	}
	return " " + name
}

// ntlmTypes are Wireshark's names of the messages of NTLM.
var ntlmTypes = map[uint32]string{1: "NTLMSSP_NEGOTIATE", 2: "NTLMSSP_CHALLENGE", 3: "NTLMSSP_AUTH"}

func ntlmText(m *smb2.Message) string {
	n, ok := m.NTLM()
	name := ntlmTypes[n.Type]
	if !ok || name == "" {
		return ""
	}
	if n.Type != 3 {
		return ", " + name
	}
	domain, user := string(n.Domain), string(n.User)
	if n.Unicode {
		domain, user = smb2.Text(n.Domain), smb2.Text(n.User)
	}
	return ", " + name + ", User: " + Printable(domain) + `\` + Printable(user)
}

// opened reports whether layer i is what was opened of the layer before.
func opened(p *packet.Packet, i int) bool {
	return i > 0 && p.Layers[i].Unit != 0 && p.Layers[i].Unit != p.Layers[i-1].Unit && p.Units[p.Layers[i].Unit-1].Opened != "" && p.Layers[i].Off == 0
}

// sealedTexts are of encrypted and compressed messages, when they stay closed and when they were opened.
var sealedTexts = map[proto.ID][2]string{proto.SMB2Transform: {"Encrypted SMB3", "Decrypted SMB3"}, proto.SMB2Compressed: {"Comp. SMB3 (invalid)", "Decomp. SMB3"}}

// sealedInfo is of an encrypted or compressed message; what was opened of it follows.
func sealedInfo(row *engine.Row, i int) string {
	texts := sealedTexts[row.Packet.Layers[i].Proto]
	text := texts[0]
	if note := row.Packet.NoteOf(i); note != (field.Note{}) {
		if is, _ := smb2.Opened(&note); is {
			text = texts[1]
		}
	}
	if opened(row.Packet, i) {
		text = ";" + text
	}
	return text
}

func smbInfo(row *engine.Row, i int) string {
	var h smb.Header
	if !h.Decode(row.Packet.Bytes(i)) {
		return unfinished(row, i)
	}
	name := smbCommands[uint64(h.Command)]
	if name == "" {
		name = fmt.Sprintf("unknown-0x%02X", h.Command)
	}
	switch {
	case !h.Response():
		return name + " Request"
	case h.NTStatus:
		return name + " Response" + statusText(h.Status)
	}
	return name + " Response"
}

// nbssBegins is the kind of a frame that goes on beyond the segment.
func nbssBegins(b []byte) (text string, ok bool) {
	if len(b) < nbss.HeaderLen {
		return "", false
	}
	return nbssTypes[uint64(b[0])], true
}

// nbssInfo is the kind of the frame; of a request the names in it.
func nbssInfo(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	switch {
	case row.Packet.Layers[i].Proto == proto.NBSSContinuation:
		return "NBSS Continuation Message"
	case len(b) == 0 || len(b) > nbss.HeaderLen && smb2.KindOf(b[nbss.HeaderLen:]) != smb2.None:
		return "" // SMB says more
	}
	text := nbssTypes[uint64(b[0])]
	if b[0] == nbss.Request && len(b) > nbss.HeaderLen {
		called, n := nbss.Name(b[nbss.HeaderLen:])
		if calling, m := nbss.Name(b[nbss.HeaderLen+n:]); n > 0 && m > 0 {
			text += ", to " + Printable(called) + " from " + Printable(calling)
		}
	}
	return text
}
