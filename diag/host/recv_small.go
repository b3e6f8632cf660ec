package host

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
)

//go:embed recv_small.md
var recvSmallPage string

// RecvSmall: an application reads much data in small pieces (E2).
var RecvSmall = &diag.Rule{ID: "host.recv_small", Title: "an application reads in small pieces", Page: recvSmallPage, Run: recvSmall}

const (
	// smallBuffer is the buffer, in bytes, below which half of the data are read in small pieces.
	smallBuffer = 2048
	// readsPerMegabyte is how many calls a million bytes take at least.
	readsPerMegabyte = 1000
	// leastRead is how many bytes a socket has to read before the size of its buffer matters.
	leastRead = 256 << 10
	// filled is the share of the bytes, in percent, that came in buffers that were full: of the others the size says nothing.
	filled = 80
)

func recvSmall(in *diag.Input) (out []diag.Finding) {
	if in.Session == nil {
		return nil
	}
	type key struct {
		source  int
		process *session.Process
	}
	var all []*pieces
	for _, s := range in.Session.Sockets {
		if p := piecesOf(s); p.small() {
			all = append(all, p)
		}
	}
	for _, list := range diag.Groups(all, func(p *pieces) key { return key{p.Source, p.Process} }) {
		out = append(out, readSmall(list))
	}
	return out
}

// A pieces is how a socket of a stream was read.
type pieces struct {
	*session.Socket
	calls        int
	bytes, full  int64           // that were read, and of them in buffers that were full
	sizes        map[int64]int64 // bytes by the size of the buffer that they were read into
	first, last  *session.Call
	withoutASize bool
}

// piecesOf counts the calls of the application that read something. A socket of datagrams has none: each call takes one of them.
func piecesOf(s *session.Socket) *pieces {
	p := &pieces{Socket: s}
	if c := convOf(s); s.TCB == nil && (c == nil || c.TCP == nil) {
		return p
	}
	p.sizes = map[int64]int64{}
	for _, c := range s.Calls {
		if c.Role != session.RoleReceive || c.Outer != nil || c.Returned <= 0 {
			continue
		}
		if c.Requested <= 0 { // a vector of unknown length
			p.withoutASize = true
			continue
		}
		p.calls++
		p.bytes += c.Returned
		p.sizes[c.Requested] += c.Returned
		if c.Returned >= c.Requested {
			p.full += c.Returned
		}
		if p.first == nil {
			p.first = c
		}
		p.last = c
	}
	return p
}

// small reports whether the size of the buffer is what made the calls many.
func (p *pieces) small() bool {
	return p.bytes >= leastRead && !p.withoutASize && int64(p.calls)*1e6 > readsPerMegabyte*p.bytes && 100*p.full >= filled*p.bytes && p.median() < smallBuffer
}

// median is the buffer that half of the bytes were read into a smaller one than, or one as small: a few bytes of a header before each message count little.
func (p *pieces) median() int64 {
	sizes := make([]int64, 0, len(p.sizes))
	for n := range p.sizes {
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	sum := int64(0)
	for _, n := range sizes {
		if sum += p.sizes[n]; 2*sum >= p.bytes {
			return n
		}
	}
	return 0
}

func readSmall(list []*pieces) diag.Finding {
	f := diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Source: list[0].Source, Process: list[0].Process}
	bytes := int64(0)
	for _, p := range list {
		f.Count += p.calls
		bytes += p.bytes
		for _, m := range []flow.Moment{p.first.Enter, p.last.Enter} {
			if m.Seen() && len(f.Where) < maxWhere {
				f.Where = append(f.Where, m.Pos)
			}
		}
		if c := convOf(p.Socket); c != nil {
			f.Conversations = append(f.Conversations, c)
		}
	}
	slices.SortFunc(f.Where, inOrder)
	f.Where = slices.Compact(f.Where)
	worst := slices.MaxFunc(list, func(a, b *pieces) int { return cmp.Compare(a.calls, b.calls) })
	on := fmt.Sprintf("on %v - %v", local(worst.Socket), worst.Remote)
	if len(list) > 1 {
		on = "on " + diag.Count(len(list), "socket")
	}
	f.Summary = fmt.Sprintf("%s read %s in %d calls %s: %d bytes a call, with a buffer of %d bytes", owner(list[0].Process), diag.Size(bytes), f.Count, on, bytes/int64(f.Count), worst.median())
	f.Facts = []diag.Fact{
		{Name: "calls for a million bytes", Value: fmt.Sprint(int64(f.Count) * 1e6 / bytes)},
		{Name: "bytes that filled the buffer of their call", Value: fmt.Sprintf("%d %%", 100*worst.full/worst.bytes)},
	}
	f.RuledOut = []string{"data that came in small pieces: the calls filled their buffers, so there was more", "reads of short headers before large messages: the size is that of half of all bytes"}
	f.Fix = []string{"read into a buffer of 16 KiB or more, and take messages out of it: each call costs the way into the kernel and back"}
	f.Filter = diag.StreamFilter(f.Conversations[:min(len(f.Conversations), 40)])
	return f
}
