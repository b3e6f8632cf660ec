package proto

import (
	"iter"

	"github.com/wiretale/wiretale/field"
)

// A Stream is a protocol that talks over a connection of TCP. Package all lists them.
type Stream struct {
	ID ID
	// Ports are those that Wireshark takes for the protocol's.
	Ports []uint16
	// Looks reports whether b, the first bytes of a segment, begins a message of
	// the protocol for sure: such a segment is taken for the protocol's on any port. nil for a protocol that only ports tell.
	Looks func(b []byte) bool
	// First, when set, has the first bytes of all that Looks is true for: it need not be asked about anything else.
	First string
	// Opens says that only the messages that open a connection ask and answer, and what follows cannot be read.
	Opens bool
	// Begins, when set, is the layer of a segment that begins a message and does not end it. Its bytes are those of the piece, and its note says that they are no message.
	Begins *UnitLayer
	// Resumes says that the first bytes of a unit tell its length, and units mean something without those before: after bytes
	// that are missing the next unit begins where the one before ends, and what was captured of that one is taken in without the rest.
	Resumes bool
	// Breaks says that it wants to know of a unit inside which its sender ended the connection.
	Breaks bool
	// Datagrams says that it talks over UDP: each datagram is a unit, and what it carries are datagrams too.
	Datagrams bool
	// New begins a connection.
	New func() Session
}

// A Session is one connection as its protocol sees it: it cuts the bytes of
// both directions into units and says what is in them. A unit is one message,
// or several messages in a row that are one layer of the packet.
type Session interface {
	// Extent says where the unit ends that the bytes begin with. It may be asked again with more of the same bytes, and changes nothing.
	Extent(p *Piece) Extent
	// Unit takes a unit in, in the order in which they are whole, and appends its layers.
	Unit(u *Unit)
}

// A Piece is the bytes of one direction from the beginning of a unit on.
type Piece struct {
	Dir  int    // 0 is sent by the side that opened the connection, or that spoke first
	Data []byte // not to be kept
	Len  int    // length on the wire: more than len(Data) when the capture cut the segment, or when only the head of a long unit is kept
	Gap  bool   // bytes before it are missing: it may begin anywhere in a message
	Last bool   // the sender closes: nothing follows
}

// Extent is the length of a unit in bytes on the wire, which may be more than is there, or one of the constants.
type Extent int

const (
	More     Extent = 0  // the length is in bytes that follow
	UntilEnd Extent = -1 // all that the sender sends until it closes
	NotThis  Extent = -2 // no message of the protocol
)

// A Unit is one unit of a direction.
type Unit struct {
	Dir    int
	Frame  int64  // number of the record that completes it
	Time   int64  // of that record, in nanoseconds since 1970
	Data   []byte // what there is of it; not to be kept
	Len    int    // its length on the wire
	Gap    bool   // bytes before it are missing
	Lost   int64  // how many bytes there are between it and the last unit that was handed over
	Late   bool   // units behind it were handed over before
	Broken bool   // its sender ended the connection inside it: Len is what there is of it; only for a protocol that [Stream.Breaks]
	Rest   bool   // it goes on with the unit before it, of which the capture has only pieces: the protocol [Stream.Resumes]

	// Layers are what the packet shows of it, in order; none for a unit that is not shown.
	Layers []UnitLayer
	// Opened are bytes that the session took out of the unit, by [Unit.Open].
	Opened []Opened
	// Memory is where [Unit.Room] takes from, nil for as much as is asked.
	Memory Memory
	// Shown says that somebody may look at the layers: what only they need is kept.
	Shown bool
	// Locks say what of the unit was closed on the wire, and whether it was opened.
	Locks []Lock
	// Carried are pieces of a connection inside this one, in order: see [Carried].
	Carried []Carried
	// Turns are the questions and answers in it, in order.
	Turns []Turn
	// Over says that what follows in both directions is another protocol's,
	// which is found as for a connection that begins, to OverPort when that is not 0. The layer goes before those of the other one; None is no layer.
	Over     *UnitLayer
	OverPort uint16
	OverTo   ID // what the other protocol is for sure, None when it is to be found
}

// Opened are bytes that are not on the wire as they are: decrypted, decompressed.
type Opened struct {
	Data []byte
	How  string // what was done to get at them: "decrypted"
}

// A Lock is what something on the wire was closed with: a key that belongs to a session, for example.
type Lock struct {
	ID  ID
	Of  uint64 // number that the protocol gives to what has the key
	Why string // why it was not opened, one of few texts; "" when it was
}

// Memory gives out room that is taken back when nobody looks at the packet any more. nil says that there is none left.
type Memory interface{ Room(n int) []byte }

// Room is n bytes for what the session opens, of any content; nil when more is open than may be. They are the caller's until the next unit.
func (u *Unit) Room(n int) []byte {
	if u.Memory == nil {
		return make([]byte, n)
	}
	return u.Memory.Room(n)
}

// Open makes opened bytes, which lie in what Room gave, a buffer that layers may lie in, and returns its number: see [UnitLayer.In].
func (u *Unit) Open(data []byte, how string) int {
	u.Opened = append(u.Opened, Opened{data, how})
	return len(u.Opened)
}

// Bytes is what there is of a layer of the unit.
func (u *Unit) Bytes(l *UnitLayer) []byte {
	b := u.Data
	if l.In != 0 {
		b = u.Opened[l.In-1].Data
	}
	return b[min(l.Off, len(b)):min(l.Off+l.Len, len(b))]
}

// An Opener is a session that opens what is closed on the wire.
type Opener interface {
	Session
	// Unlock gives it what the user knows, before the first unit.
	Unlock(s Secrets)
	// Whole reports whether the unit that a piece begins is worth keeping to its last byte: encryption is checked over all of it.
	Whole(p *Piece) bool
}

// Secrets are what the user knows.
type Secrets interface {
	// Secret is the secret of a kind for something that the wire names, such as a session; nil when it is not known. It is not to be changed.
	Secret(kind string, of []byte) []byte
}

// A Keyring is what opens whole connections: secrets that can be gone through, and that connections add to, for others that go on with what they agreed on.
type Keyring interface {
	Secrets
	// From says where a secret is from, in words without it.
	From(kind string, of []byte) string
	// Each goes through the secrets of a kind, with what they belong to.
	Each(kind string) iter.Seq2[string, []byte]
	// Learn adds a secret. It is not to be changed.
	Learn(kind string, of, secret []byte, from string)
	// Empty reports whether there is nothing to open connections with.
	Empty() bool
}

// An Orderly session may want its units in the order in which they were sent, rather than in that in which the capture has them: what is encrypted cannot be opened in another.
type Orderly interface {
	Session
	Ordered() bool
}

// Carried is a piece of what one side sends over a connection inside another one: TLS carries HTTP. Its protocol is found as for a
// connection that begins, and its messages are put together over the pieces.
type Carried struct {
	In       int  // not 0: lies in Unit.Opened[In-1]
	Off, Len int  // in bytes
	Gap      bool // bytes before it are missing
	Lost     int  // how many of the carrier's bytes that may be, 0 when the unit tells
	Last     bool // the sender closes behind it
	Protocol ID   // what both sides agreed on, None when they did not say
	Again    bool // what Protocol carries in turn is the carrier's own: TDS in TLS in packets of TDS
}

// An Account says what became of a connection that is closed to whoever has no keys, from one agreement on keys to the next.
type Account struct {
	ID      ID
	Frame   int64  // number of the record that it begins with
	Name    string // that the client asked for
	Version string // "" when it is not known
	Suite   string
	Resumed string // what it goes on with, "" for a new one
	Source  string // where its secrets are from, "" when there are none
	Why     string // why it was not opened, or not all of it; "" when it was
	Opened  int64  // messages that were opened, and those that were not
	Closed  int64
	Bytes   int64 // of content that were opened
	Failed  int64 // number of the record with the first message that was not opened, 0 without one
	Steps   []string
}

// An Accountant is a session that says what became of it.
type Accountant interface{ Accounts() []Account }

// A Secret opens a connection: a line of a key log.
type Secret struct {
	Kind      string
	Of, Value []byte // what the wire names, and the secret
}

// A Revealer is a session that says which secrets opened it, for whoever passes them on: they are all that it takes.
type Revealer interface{ Secrets() []Secret }

// A UnitLayer is a layer in a unit. Offsets count from the unit's first byte, or from that of what was opened.
type UnitLayer struct {
	ID   ID
	In   int // not 0: lies in Unit.Opened[In-1]
	Off  int
	Len  int // on the wire
	Head int // length of the header; 0 takes all
	Note field.Note
	// Texts are what the connection says of the layer in words; the protocol says which is which, and "" is none. They are shared and never changed.
	Texts []string
	// Beside marks one more layer beside the one before instead of inside it.
	Beside bool
}
