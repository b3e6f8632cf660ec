package jsonl

import (
	"io"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/view"
)

// A Request is a question with its answer, as far as both were captured.
type Request struct {
	head
	Source       int    `json:"source" doc:"index of the source"`
	Conversation int    `json:"conversation" doc:"number of the conversation, as 'convs' has it"`
	Client       string `json:"client" doc:"address and port of who asks"`
	Server       string `json:"server" doc:"address and port of who is asked"`
	Protocol     string `json:"protocol" doc:"Wireshark's short name: 'smb2', 'dns', 'http'"`
	Command      string `json:"command" doc:"what is asked: 'Read', 'A', 'GET'"`
	Name         string `json:"name,omitempty" doc:"what for: a file, a host name, a path"`
	Offset       *int64 `json:"offset,omitempty" doc:"where in the file, bytes"`
	Asked        *int64 `json:"asked_bytes,omitempty" doc:"bytes of content that the question asks for or brings"`
	Moved        *int64 `json:"moved_bytes,omitempty" doc:"bytes of content that the answer brings or accepts"`
	Length       int64  `json:"answer_bytes" doc:"bytes of the answer, headers of the protocol included"`
	Depth        int    `json:"depth" doc:"questions of this side that were open when it was asked, itself included"`
	Repeats      int    `json:"repeats,omitempty" doc:"how often the question was asked again"`
	Waits        bool   `json:"waits,omitempty" doc:"true when the answer comes when something happens, not when the server is done"`
	Status       string `json:"status,omitempty" doc:"of the answer, as the protocol names it; none without an answer"`
	Failed       bool   `json:"failed,omitempty" doc:"true when the status is a failure"`
	Text         string `json:"text,omitempty" doc:"what the answer says of a failure for people to read"`
	Time         string `json:"time,omitempty" doc:"of the question's first byte"`
	Frame        int64  `json:"frame" doc:"number of the record with the question's first byte"`
	Sent         int64  `json:"sent_frame" doc:"of its last byte"`
	Pending      int64  `json:"pending_frame,omitempty" doc:"of the server's word that the answer comes later"`
	First        int64  `json:"first_frame,omitempty" doc:"of the answer's first byte"`
	Last         int64  `json:"last_frame,omitempty" doc:"of the answer's last byte"`
	ServiceNS    *int64 `json:"service_ns,omitempty" doc:"from the question's last byte to the answer's first"`
	TransferNS   *int64 `json:"transfer_ns,omitempty" doc:"from the answer's first byte to its last"`
	WholeNS      *int64 `json:"whole_ns,omitempty" doc:"from the question's first byte to the answer's last"`
	Split        *Split `json:"split,omitempty" doc:"whose time it was, when two capture points saw it: with the request of the point nearest to the client"`
}

// A Split is whose time a request was.
type Split struct {
	Source    int    `json:"source" doc:"point nearest to the server"`
	Frame     int64  `json:"frame" doc:"number of the record there with the question's first byte"`
	ServerNS  int64  `json:"server_ns" doc:"from the question's last byte to the answer's first there, by that clock alone"`
	NetworkNS int64  `json:"network_ns" doc:"what the client's point waited longer: there and back together, by either clock alone"`
	ThereNS   *int64 `json:"there_ns,omitempty" doc:"the way of the question, to error_ns; left out when the clocks do not tell"`
	BackNS    *int64 `json:"back_ns,omitempty" doc:"the way of the answer's first byte"`
	ErrorNS   *int64 `json:"error_ns,omitempty" doc:"how far these two may be off, one up and one down"`
	ClientNS  *int64 `json:"client_ns,omitempty" doc:"from the end of the answer before to the question, when nothing else was open"`
}

// Requests writes the requests of a case.
func Requests(w io.Writer, c *engine.Case) error {
	e := newEncoder(w, c)
	splits := c.Points.Splits(c.Requests.Requests)
	for i := range c.Requests.Requests {
		var split *point.Split
		if len(splits) > 0 && splits[0].Asked == i {
			split, splits = &splits[0], splits[1:]
		}
		e.put(RequestOf(c, &c.Requests.Requests[i], split))
	}
	e.logins()
	e.fileIO()
	return e.err
}

// RequestOf is a request; split, when not nil, says whose time it was.
func RequestOf(c *engine.Case, r *request.Request, split *point.Split) Request {
	conv := c.Conversations.At(r.Conv)
	out := Request{
		head: kind("request"), Source: r.Source, Conversation: r.Conv,
		Client: view.Endpoint(conv.Ends[r.Dir], conv.Proto), Server: view.Endpoint(conv.Ends[1-r.Dir], conv.Proto),
		Protocol: r.Protocol.String(), Command: r.Command, Name: r.Name, Offset: bytesKnown(r.Offset), Asked: bytesKnown(r.Wanted), Moved: bytesKnown(r.Moved),
		Length: r.Length, Depth: int(r.Depth), Repeats: int(r.Repeats), Waits: r.Waits, Status: r.Status, Failed: r.Failed, Text: r.Text,
		Frame: r.Asked.Number, Sent: r.Sent.Number, Pending: r.Pending.Number, First: r.First.Number, Last: r.Last.Number,
	}
	if split != nil {
		out.Split = splitOf(split, &c.Requests.Requests[split.Answered])
	}
	if view.Untimed(c, r.Source) {
		return out
	}
	out.Time = view.ISO(r.Asked.Time)
	out.ServiceNS, out.TransferNS, out.WholeNS = known(r.Service()), known(r.Transfer()), known(r.Whole())
	return out
}

func splitOf(s *point.Split, there *request.Request) *Split {
	out := &Split{Source: there.Source, Frame: there.Asked.Number, ServerNS: s.Server, NetworkNS: s.Network}
	if s.Error < point.Unbounded {
		out.ThereNS, out.BackNS, out.ErrorNS = &s.There, &s.Back, &s.Error
	}
	if s.Client >= 0 {
		out.ClientNS = &s.Client
	}
	return out
}

func known(ns int64, ok bool) *int64 {
	if !ok {
		return nil
	}
	return &ns
}

// bytesKnown is nil for a number of bytes that is not known.
func bytesKnown(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}
