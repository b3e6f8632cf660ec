package jsonl

import (
	"io"

	"github.com/wiretale/wiretale/internal/stats"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// A Pair is two endpoints that talked, of `convs --type` and `stats`.
type Pair struct {
	head
	Source     int    `json:"source" doc:"index of the source"`
	Type       string `json:"type" doc:"'tcp', 'udp', 'ip', 'ipv6', 'eth'"`
	A          string `json:"a" doc:"sender of the first packet"`
	B          string `json:"b" doc:"the other end"`
	Stream     *int   `json:"stream,omitempty" doc:"Wireshark's tcp.stream or udp.stream"`
	AToB       Volume `json:"a_to_b" doc:"what 'a' sent"`
	BToA       Volume `json:"b_to_a" doc:"what 'b' sent"`
	StartNS    *int64 `json:"start_ns,omitempty" doc:"first packet, since the first record of the input"`
	DurationNS *int64 `json:"duration_ns,omitempty" doc:"from the first to the last packet"`
}

// A Volume is packets and the bytes of their frames.
type Volume struct {
	Packets int64 `json:"packets" doc:"packets"`
	Bytes   int64 `json:"bytes" doc:"bytes of their frames on the wire"`
}

// An Endpoint is one address, with its port for a transport.
type Endpoint struct {
	head
	Source   int    `json:"source" doc:"index of the source"`
	Type     string `json:"type" doc:"'tcp', 'udp', 'ip', 'ipv6', 'eth'"`
	Address  string `json:"address" doc:"address, with the port of a transport"`
	Sent     Volume `json:"sent" doc:"what it sent"`
	Received Volume `json:"received" doc:"what was sent to it"`
}

// A Protocol is a node of the protocol hierarchy.
type Protocol struct {
	head
	Path    string `json:"path" doc:"the protocol and those around it, from the outside in: 'eth:ip:tcp'"`
	Packets int64  `json:"packets" doc:"packets with the protocol at this place"`
	Bytes   int64  `json:"bytes" doc:"bytes of their frames on the wire"`
}

// An Interval is a part of the time of the input, once for each filter.
type Interval struct {
	head
	Filter  string `json:"filter,omitempty" doc:"what counts; all packets without one"`
	FromNS  int64  `json:"from_ns" doc:"beginning, since the first record of the input"`
	ToNS    int64  `json:"to_ns" doc:"end; the next interval begins there"`
	Packets int64  `json:"packets" doc:"records that count"`
	Bytes   int64  `json:"bytes" doc:"their bytes: of frames on the wire, of the payload for events"`
}

// A RoundTrip is what a TCP conversation says of the time to the other end.
type RoundTrip struct {
	head
	Conversation int      `json:"conversation" doc:"conversation"`
	Stream       int      `json:"stream" doc:"Wireshark's tcp.stream in this source"`
	Source       int      `json:"source" doc:"index of the source"`
	A            string   `json:"a" doc:"first end, as 'convs' has it: the client when the handshake was seen"`
	B            string   `json:"b" doc:"the other end"`
	ServerNS     *int64   `json:"server_ns,omitempty" doc:"from the last SYN to the SYN/ACK: from the place of the capture to the server and back"`
	ClientNS     *int64   `json:"client_ns,omitempty" doc:"from the SYN/ACK to its ACK: to the client and back"`
	AcksOfA      *Samples `json:"acks_of_a,omitempty" doc:"until data of 'a' was acknowledged"`
	AcksOfB      *Samples `json:"acks_of_b,omitempty" doc:"until data of 'b' was acknowledged"`
}

// Samples are round-trip times.
type Samples struct {
	Count  int64 `json:"count" doc:"samples"`
	MinNS  int64 `json:"min_ns" doc:"smallest"`
	MeanNS int64 `json:"mean_ns" doc:"average"`
	MaxNS  int64 `json:"max_ns" doc:"largest"`
}

// A Remark is what is said of packets, and of how many.
type Remark struct {
	head
	Severity string `json:"severity" doc:"'Error', 'Warn', 'Note', 'Chat'"`
	Group    string `json:"group" doc:"Wireshark's group: 'Sequence', 'Malformed'"`
	Protocol string `json:"protocol" doc:"protocol that it is about"`
	Summary  string `json:"summary" doc:"Wireshark's words where it has them"`
	Count    int64  `json:"count" doc:"packets"`
}

// Stats writes the objects of a statistic.
func Stats(w io.Writer, of stats.Collector) error {
	e := newEncoder(w, nil)
	switch of := of.(type) {
	case *stats.Pairs:
		pairs(e, of)
	case *stats.Endpoints:
		for _, end := range of.List {
			e.put(Endpoint{kind("endpoint"), end.Source, string(of.Level), view.StatEnd(of.Level, end.End), volume(end.Sent), volume(end.Received)})
		}
	case *stats.Hierarchy:
		view.Paths(of)(func(path string, _ int, p *stats.Protocol) bool {
			e.put(Protocol{kind("protocol"), path, p.Packets, p.Bytes})
			return true
		})
	case *stats.Intervals:
		intervals(e, of)
	case *stats.RoundTrips:
		roundTrips(e, of)
	case *stats.Experts:
		for _, r := range of.List {
			e.put(Remark{kind("remark"), r.Severity.String(), r.Group, r.Protocol, r.Summary, r.Count})
		}
	}
	return e.err
}

func volume(c stats.Counts) Volume { return Volume{c.Packets, c.Bytes} }

func pairs(e *encoder, of *stats.Pairs) {
	for _, p := range of.List {
		o := Pair{head: kind("pair"), Source: p.Source, Type: string(of.Level), A: view.StatEnd(of.Level, p.A), B: view.StatEnd(of.Level, p.B), AToB: volume(p.AToB), BToA: volume(p.BToA)}
		if of.Level == stats.TCP || of.Level == stats.UDP {
			o.Stream = &p.Stream
		}
		if start, ok := of.Relative(p.Time.First); ok && p.Time.First != trace.NoTime {
			duration, _ := p.Time.Duration()
			o.StartNS, o.DurationNS = &start, &duration
		}
		e.put(o)
	}
}

func intervals(e *encoder, of *stats.Intervals) {
	for i := range of.Count() {
		from, to := int64(i)*int64(of.Interval), int64(i+1)*int64(of.Interval)
		if of.Interval == 0 {
			to = of.Length
		}
		for _, p := range of.Parts {
			c := p.At(i)
			e.put(Interval{kind("interval"), p.Name, from, to, c.Packets, c.Bytes})
		}
	}
}

func roundTrips(e *encoder, of *stats.RoundTrips) {
	for _, r := range of.List {
		o := RoundTrip{head: kind("round_trip"), Conversation: r.Conv.ID, Stream: r.Conv.Stream, Source: r.Conv.Source,
			A: view.Endpoint(r.Conv.Ends[0], r.Conv.Proto), B: view.Endpoint(r.Conv.Ends[1], r.Conv.Proto), AcksOfA: samples(&r.Acks[0]), AcksOfB: samples(&r.Acks[1])}
		if r.Split {
			o.ServerNS, o.ClientNS = &r.Server, &r.Client
		}
		e.put(o)
	}
}

func samples(s *stats.Samples) *Samples {
	if s.Count == 0 {
		return nil
	}
	return &Samples{s.Count, s.Min, s.Mean(), s.Max}
}
