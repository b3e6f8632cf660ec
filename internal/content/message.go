package content

import (
	"github.com/wiretale/wiretale/internal/request"
)

// A Kind is what a part of a message is.
type Kind uint8

const (
	HeadPart Kind = iota + 1 // the first line and the headers, whole
	BodyPart                 // bytes of the content, decoded
	EndPart                  // nothing more of the message comes
)

// A Head is what the head of a message says.
type Head struct {
	Request bool
	Method  string // of the request; of a response that of its request, "" when it is not known
	Target  string // the same: what was asked for, as the client sent it
	Host    string // the same
	Code    int    // of a response
	Type    string // of the content, as the header has it
	Coding  string // of the content: gzip
	Length  int64  // of the content as it was sent, -1 when the head does not say
}

// A Part is a part of a message of HTTP. It is valid until the function that gets it returns.
type Part struct {
	Kind   Kind
	Dir    int    // index of the sender in the ends of the conversation
	Stream uint32 // of HTTP/2, 0 otherwise
	Mark   request.Mark
	Head   *Head // of the message; it may be kept
	// Bytes are those of the head as they were sent (in HTTP/2 a line for each field, as they are packed there), or of the content.
	Bytes []byte
	Lost  int64 // how many bytes of the content are missing before
	// Why says at the end why the content is not whole, or is not decoded; "" when it is.
	Why string
}
