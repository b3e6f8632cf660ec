package jsonl

import (
	"io"

	"github.com/wiretale/wiretale/internal/object"
)

// A Carried is a file that a connection carried.
type Carried struct {
	head
	Source       int    `json:"source" doc:"number of the source"`
	Conversation int    `json:"conversation" doc:"number of the conversation"`
	Frame        int64  `json:"frame" doc:"the frame that completes it, or that brought its last bytes"`
	Protocol     string `json:"protocol" doc:"'http' or 'smb'"`
	Host         string `json:"host,omitempty" doc:"as the client named it; the address of the server over SMB2"`
	Type         string `json:"type,omitempty" doc:"of the content, as a header has it"`
	Name         string `json:"name" doc:"under which it is written"`
	Bytes        int64  `json:"bytes" doc:"size, without bytes that are missing"`
	Lost         int64  `json:"lost,omitempty" doc:"bytes that are missing in the capture"`
	Why          string `json:"why,omitempty" doc:"why it is not whole, or not decoded"`
	SHA256       string `json:"sha256,omitempty" doc:"of what was written, in hexadecimal"`
}

// Objects writes files that connections carried.
type Objects struct{ e *encoder }

// NewObjects writes objects to w.
func NewObjects(w io.Writer) *Objects { return &Objects{e: newEncoder(w, nil)} }

// Put writes one.
func (x *Objects) Put(o *object.Object) {
	x.e.put(Carried{head: kind("object"), Source: o.Source, Conversation: o.Conv, Frame: o.Number, Protocol: o.Protocol, Host: o.Host, Type: o.Type,
		Name: o.Name, Bytes: o.Size, Lost: o.Lost, Why: o.Why, SHA256: o.SHA256})
}

// Err is the first error of writing.
func (x *Objects) Err() error { return x.e.err }
