package smb

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/budget"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed metadata_chat.md
var metadataChatPage string

// MetadataChat: many small files, and several round trips for each (B14).
var MetadataChat = &diag.Rule{ID: "smb.metadata_chat", Title: "several round trips for each of many small files", Page: metadataChatPage, Requests: true, Run: metadataChat}

const (
	// leastRounds is how many round trips in a row make a chat.
	leastRounds = 50
	// leastFiles is how many names it is about.
	leastFiles = 5
	// leastEach is how many requests each name takes.
	leastEach = 6
	// small is what half of the requests move at most, in bytes.
	small = 4 << 10
	// chatShare is the part of the time that the round trips take.
	chatShare = 0.6
)

// metadataChat makes one finding of each client and server.
func metadataChat(in *diag.Input) (out []diag.Finding) {
	for _, t := range talks(in) {
		var spells []diag.Spell
		var parts diag.Parts
		files := map[string]int{}
		for _, s := range t.Spells() {
			p := s.Parts()
			if p.Rounds < leastRounds || p.RoundTrip == 0 || !t.Measurable(in, p.RoundTrip) || !s.Timed(in) || float64(rounds(&p)) < chatShare*float64(p.Total) || !chat(s.Requests) {
				continue
			}
			spells = append(spells, s)
			parts.Add(p)
			for _, r := range s.Requests {
				if r.Name != "" {
					files[r.Name]++
				}
			}
		}
		lost := in.Within(rounds(&parts), spells)
		if lost < leastSlow {
			continue
		}
		n := 0
		for i := range spells {
			n += len(spells[i].Requests)
		}
		out = append(out, diag.Finding{
			Severity: diag.Warning, Confidence: diag.Likely, Cost: lost, Lost: diag.TimesOf(spells, budget.Network), Count: parts.Rounds, Source: t.Source, Host: t.Client.String(), Conversations: t.Conversations,
			Filter: t.Filter(), Where: shown(t.Source, spells[0].Requests), Facts: append(parts.Facts(), commands(spells)...),
			Summary: fmt.Sprintf("%v asked %v for %d files and folders in %d requests: %d round trips of %s one after another took %s of %s (%s)", t.Client, t.Server.Addr(),
				len(files), n, parts.Rounds, diag.Duration(parts.RoundTrip), diag.Duration(lost), diag.Duration(parts.Total), diag.Percent(lost, parts.Total)),
			RuledOut: []string{
				"the server: " + diag.Duration(parts.Server) + " of the time was its own",
				"the content: it was on its way for " + diag.Duration(parts.Transfer),
				"a listing of one large folder: there are several requests for each of many names",
			},
			Fix: []string{
				"pack the files into an archive, and copy that; or copy several at the same time (robocopy /MT)",
				"find out what opens each file (thumbnails, a scanner, an index), and turn it off for the share",
				"work on a machine near the server, or keep a copy near the user",
			},
		})
	}
	return out
}

// rounds is the time of the round trips, at most that in which questions and first bytes were on their way.
func rounds(p *diag.Parts) time.Duration {
	return min(p.Network, time.Duration(p.Rounds)*p.RoundTrip)
}

// chat reports whether there are several small requests for each of many names.
func chat(list []*request.Request) bool {
	files := map[string]bool{}
	n := 0
	var moved []int64
	for _, r := range list {
		moved = append(moved, r.Content())
		if r.Name != "" {
			files[r.Name] = true
			n++
		}
	}
	return len(files) >= leastFiles && n >= leastEach*len(files) && request.SpreadOf(moved).Median < small
}

// commands are facts: how often each was asked.
func commands(spells []diag.Spell) (out []diag.Fact) {
	counts := map[string]int{}
	for i := range spells {
		for _, r := range spells[i].Requests {
			counts[r.Command]++
		}
	}
	for _, c := range sortedKeys(counts) {
		out = append(out, diag.Fact{Name: c, Value: fmt.Sprint(counts[c])})
	}
	return out
}
