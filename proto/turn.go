package proto

import "net/netip"

// A Turn is the part that a message has in a conversation of questions and
// answers. A protocol says of each message which question it asks or answers;
// package stream pairs them, and is the only one that does.
type Turn struct {
	Kind TurnKind
	// Key pairs an answer with its question: no two open questions of one side of a connection have the same. 0 in all turns
	// of a protocol whose answers come in the order of the questions.
	Key uint64
	// More says that the next message of the same kind and key goes on with this one: an answer in several messages is one answer.
	More bool
	// Waits says that the answer to the question comes when something happens, not when the server is done: it tells nothing of the server.
	Waits bool

	// Command is what is asked: "Read", "GET", "A". It is one of few: a constant, or kept by the session.
	Command string
	// Name is what the question is about: a file, a path, a host name; "" when the message does not say. An answer may tell it when the question could not.
	Name string
	// Who is who asks, where a question says that beside what it is about: an account.
	Who string
	// Offset is where in what Name names the question begins, in bytes; -1 when that has no meaning.
	Offset int64
	// Size is how many bytes of content a question asks for or brings, or an answer brings or accepts; -1 when the message says nothing of it.
	Size int64

	// Missing is how many bytes of content an answer promises that did not come before its side ended the connection: -1 when it does not say how many, 0 when none are missing.
	Missing int64

	// Status is that of an answer in words, as the protocol names it: "STATUS_SUCCESS", "404", "NXDOMAIN". Failed says that it is a failure.
	Status string
	Code   uint32 // the same as a number
	Failed bool
	// Text is what an answer says of a failure for people to read: the message of a server.
	Text string
	// Addrs are the addresses that an answer gives for the name that was asked for; not to be changed.
	Addrs []netip.Addr

	// Charge is what a question takes of the credits that the server grants, 0 in a protocol without them. Left is 1 more than the
	// credits that the asking side holds behind the message, 0 when that is not known.
	Charge, Left int32
	// Terms are numbers that a question offers and an answer brings: what both sides agreed on for what follows, in the answer that ends the
	// agreement, or why there is none.
	Terms []Term

	// Layer is the index in Unit.Layers of the layer that the turn is in.
	Layer int
	// Of is the protocol that the turn belongs to where that is not the one of the layer: what is encrypted shows as TLS, and answers a question of the protocol in it.
	Of ID
	// Sealed says that the message cannot be read, and what it is follows from its place. It does not count when the connection that its unit carries is opened, and tells of itself.
	Sealed bool
}

// A Term is a number that a question offers or an answer brings.
type Term struct {
	Name  string // Wireshark's name of the field
	Value uint64
}

// A Datagram is a protocol of questions and answers over UDP. Package all lists them.
type Datagram struct {
	ID ID
	// Turn says which part the datagram b has in an exchange; false when it has none. t is zero before.
	Turn func(b []byte, t *Turn) bool
}

// A TurnKind is what a message does in an exchange.
type TurnKind uint8

const (
	Ask     TurnKind = iota + 1
	Answer           // answers the question with the same key
	Interim          // says that the answer to a question will come later (STATUS_PENDING, 100 Continue)
	Tell             // asks nothing and answers nothing: a notification, an answer whose question cannot be known
)
