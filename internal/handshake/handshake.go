// Package handshake puts together how connections of TLS were opened: what the client offered, what the server chose, the certificates of
// both, the alerts, the time of each step and the sizes of what is encrypted. Rules look at it.
//
// It takes the units of connections as package stream cuts them: what is in the clear, and what was opened with keys.
package handshake

import (
	"github.com/wiretale/wiretale/internal/certificate"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tls"
)

// A Step is one of the moments of a handshake, in order.
type Step uint8

// Steps. Before TLS 1.3 the client's second flight ends with its change of ciphers, and the server's with its own; in TLS 1.3 both are encrypted, and the
// server's flight ends before the client's begins.
const (
	HelloBegins  Step = iota // first byte of the ClientHello
	HelloEnds                // last byte of it
	Retry                    // the server asks for another ClientHello
	ServerHello              //
	ServerDone               // the last record of the server's flight before the client goes on
	ClientGoesOn             // first record of the client's second flight
	ClientDone               // the client's change of ciphers, TLS 1.3: its first encrypted record
	ServerEnds               // the server's change of ciphers; not in TLS 1.3
	Used                     // application data of either side; in TLS 1.3 the client's first encrypted record behind one of the size of its Finished

	Steps // how many there are
)

var steps = [Steps]string{
	"first byte of the Client Hello", "Client Hello", "Hello Retry Request", "Server Hello", "end of the server's flight", "client goes on", "client done", "server's Change Cipher Spec", "application data",
}

func (s Step) String() string { return steps[s] }

// A Handshake is the opening of one connection of TLS.
type Handshake struct {
	Source int
	Conv   int // number of the conversation; that of its tracker until the case is there
	Client int // who sent the ClientHello: Ends[Client] of the conversation
	At     [Steps]request.Mark

	Hello       bool     // a ClientHello was seen
	Old         bool     // one of SSL 2.0, with nothing more known of it
	Cut         bool     // not all of it was captured
	Size        int      // of its records, bytes
	Name        string   // that it asks for
	Named       bool     // it has server_name
	Inner       bool     // it hides another hello: the name is not the one that is meant
	Oldest      uint16   // versions that it offers; 0 where it does not say
	Newest      uint16   //
	Suites      []uint16 // that it offers, 64 at most, as groups and protocols
	Groups      []uint16
	Protocol    []string
	GoesOn      bool // it offers to go on with an earlier session
	TakesTicket bool // it would take a ticket

	Version uint16 // that the server chose, 0 before its hello
	Suite   uint16
	Group   uint16 // of its key share in TLS 1.3, 0 before
	Chosen  string // ALPN
	Resumed bool   // it went on with the earlier session
	Offered bool   // the server gave a ticket or the id of a session to go on with

	Chains [2][]*certificate.Certificate // of the client and of the server, own certificate first
	Asked  bool                          // the server asked for a certificate
	Of     []string                      // names of those whose certificates it takes, 16 at most
	None   bool                          // the client has none

	Alerts []Alert // those that can be read, 4 at most
	// Sealed are the first encrypted records of the client and of the server.
	Sealed [2][]Sealed
	Plain  [2]string    // what the client or the server sent that is no TLS, the first bytes
	Spoke  proto.ID     // protocol that the connection spoke when one side came with TLS; None for a connection of TLS
	Came   request.Mark // when it did
	Holes  bool         // bytes of it are missing
	Keys   bool         // encrypted messages of it were opened
	Done   bool         // both sides agreed, and went on
}

// An Alert is one that can be read.
type Alert struct {
	Server bool
	Level  byte
	Code   byte
	At     request.Mark
	Opened bool // it was encrypted
}

// Fatal reports whether it ends the connection: by its level, or by what it says, whatever the level (RFC 8446, 6.2).
func (a *Alert) Fatal() bool {
	const closeNotify, userCanceled, noRenegotiation, unrecognizedName = 0, 90, 100, 112
	switch a.Code {
	case closeNotify, userCanceled, noRenegotiation:
		return false
	case unrecognizedName:
		return a.Level == 2
	}
	return true
}

// Sealed is an encrypted record.
type Sealed struct {
	Type byte
	Len  int // of its content on the wire, bytes
	At   request.Mark
}

// Alert reports whether a record of TLS 1.3 has the size of an alert, and Finished of a Finished: a message, a byte for its type, and a tag of 16 bytes, of 8
// in suites of CCM_8 (RFC 8446, 5.2). The content of a Finished is as long as the hash: 32 or 48 bytes.
func (s Sealed) Alert() bool {
	return s.Type == tls.ApplicationData && (s.Len == 2+1+16 || s.Len == 2+1+8)
}

// Finished reports whether it has the size of one.
func (s Sealed) Finished() bool {
	n := s.Len - 4 - 1
	return s.Type == tls.ApplicationData && (n == 32+16 || n == 48+16 || n == 32+8)
}

// Empty reports whether it has the size of a Certificate message without a certificate.
func (s Sealed) Empty() bool {
	n := s.Len - 8 - 1
	return s.Type == tls.ApplicationData && (n == 16 || n == 8)
}

// Fatal is the first alert that ends the connection, nil without one.
func (h *Handshake) Fatal() *Alert {
	for i := range h.Alerts {
		if h.Alerts[i].Fatal() {
			return &h.Alerts[i]
		}
	}
	return nil
}

// Leaf is the certificate of the server, nil when it was not seen.
func (h *Handshake) Leaf() *certificate.Certificate {
	if len(h.Chains[1]) == 0 {
		return nil
	}
	return h.Chains[1][0]
}

// First is the first record that was seen of it.
func (h *Handshake) First() request.Mark {
	for _, m := range h.At {
		if m.Seen() {
			return m
		}
	}
	return h.Came
}

// Last is the last step that was seen.
func (h *Handshake) Last() (s Step, ok bool) {
	for i := Steps; i > 0; i-- {
		if h.At[i-1].Seen() {
			return i - 1, true
		}
	}
	return 0, false
}
