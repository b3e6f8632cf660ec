package smb

import (
	_ "embed"
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/nbss"
	"github.com/wiretale/wiretale/proto/smb2"
)

//go:embed dialect_low.md
var dialectLowPage string

// DialectLow: client and server agreed on a dialect that lacks what others have had for long (B5).
var DialectLow = &diag.Rule{ID: "smb.dialect_low", Title: "an old dialect of SMB is spoken", Page: dialectLowPage, Requests: true, Run: dialectLow}

const (
	dialect202 = 0x0202
	// setupVersion1 is the command that begins a session of version 1.
	setupVersion1 = "Session Setup AndX"
	version1      = "SMB 1, of 1996: no protection against changes on the way that holds, and one small request after another"
	// largeMTU is the capability to ask for more than 64 KiB at once ([MS-SMB2] 2.2.4).
	largeMTU = 4
)

// dialectLow makes one finding of each server and what it spoke.
func dialectLow(in *diag.Input) (out []diag.Finding) {
	type key struct {
		source int
		server netip.Addr
		text   string
	}
	index := map[key]int{}
	for _, t := range in.Talks() {
		for _, r := range t.Requests {
			text := low(r, t.Server.Port())
			if text == "" {
				continue
			}
			k := key{t.Source, t.Server.Addr(), text}
			i, ok := index[k]
			if !ok {
				i = len(out)
				index[k] = i
				out = append(out, diag.Finding{
					Severity: diag.Note, Confidence: diag.Proven, Source: t.Source, Host: t.Server.Addr().String(), Filter: t.Filter(),
					RuledOut: []string{"a first message of an old dialect, which only asks for a newer one: this is what was agreed on"},
					Fix: []string{
						"allow a newer dialect on the side that does not (Get-SmbConnection shows what is spoken; Samba: server max protocol, client max protocol)",
						"renew the server, or the device on the way that speaks for it",
					},
				})
			}
			f := &out[i]
			if text == version1 {
				f.Severity = diag.Warning
			} else if f.Facts == nil {
				f.Facts = []diag.Fact{{Name: "largest read", Value: size(int64(term(r, smb2.TermMaxRead)))}, {Name: "largest write", Value: size(int64(term(r, smb2.TermMaxWrite)))}}
			}
			f.Count++
			f.Where = append(f.Where, t.Pos(r.Last))
			if f.Summary = fmt.Sprintf("%v and %v agreed on %s", t.Client, t.Server.Addr(), text); f.Count > 1 {
				f.Summary = fmt.Sprintf("%v agreed on %s in %d sessions", t.Server.Addr(), text, f.Count)
			}
			if n := len(f.Conversations); n == 0 || f.Conversations[n-1] != in.Conversations.At(r.Conv) {
				f.Conversations = append(f.Conversations, in.Conversations.At(r.Conv))
				f.Filter = diag.Streams(f.Conversations, diag.EndpointFilter(t.Server, f.Conversations[0]))
			}
		}
	}
	return out
}

// low says what is old in what a request agreed on; "" when nothing is.
func low(r *request.Request, port uint16) string {
	if r.Protocol == proto.SMB && r.Command == setupVersion1 && r.Answered() && !r.Failed && r.Status == "STATUS_SUCCESS" {
		return version1
	}
	dialect, caps := term(r, smb2.TermDialect), term(r, smb2.TermCapabilities)
	switch {
	case dialect == dialect202:
		return "SMB 2.0.2, of 2006: at most 64 KiB a request"
	case dialect > dialect202 && caps&largeMTU == 0 && port != nbss.Port: // that of NetBIOS never has them
		return fmt.Sprintf("SMB %d.%d without requests of more than 64 KiB", dialect>>8, dialect>>4&0xf)
	}
	return ""
}

// term is a number that a request agreed on, 0 without one.
func term(r *request.Request, name string) uint64 {
	for _, t := range r.Terms {
		if t.Name == name {
			return t.Value
		}
	}
	return 0
}
