package flow

import (
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A Sighting is what the tracker says of one packet. Add reuses it.
type Sighting struct {
	Conv *Conversation // nil when the packet belongs to none
	Dir  int           // index of the sender in Conv.Ends
	// Duplicate is true for a further sighting of a packet already counted; Of is the first one.
	Duplicate bool
	Of        trace.Pos
	// Since is the time in nanoseconds since the first sighting of the packet, Nth the count of its sightings so far,
	// from 1; Nth is 0 for the first one of a recorder that names no place in a stack: whether there will be others is not known.
	Since int64
	Nth   int
	// Resegmented says that it is a further sighting of bytes that other segments carried elsewhere in the stack:
	// segmentation or coalescing is between the two places.
	Resegmented bool
	// FirstDrop is true for the first report that the packet was dropped, DropAgain for one more with the same reason.
	FirstDrop, DropAgain bool
	// Quoted is the conversation that an ICMP error quotes, nil without one or when none is known.
	Quoted *Conversation
	// Streams are the stream numbers of all transports of the frame from the
	// outside in, a quoted one last, as Wireshark numbers them; valid up to NStreams.
	Streams  [maxStreams]Stream
	NStreams int

	// TCP says that the fields below are valid: a whole TCP segment that is not a fragment.
	TCP bool
	// RelSeq and RelAck are relative to the initial sequence numbers, as
	// Wireshark shows them. RelAck without the ACK flag is as sent.
	RelSeq, RelAck uint32
	NextSeq        uint32 // relative sequence number after this segment
	Window         uint32 // window after scaling; as sent when the scale is unknown
	ScaleKnown     bool
	Scale          int8 // shift of the sender's windows; -1 unknown, -2 not used

	// Analysis is what the segments before say of this one.
	Analysis      Analysis
	AcksFrame     int64 // segment that ends where this one acknowledges; 0 for none
	AckRTT        int64 // nanoseconds since that segment
	InitialRTT    int64 // nanoseconds from the last SYN to the first ACK, 0 while unknown
	BytesInFlight uint32
	PushBytesSent uint32 // since the last PSH, this segment included
	DupAckNum     uint32 // valid iff DuplicateAck
	DupAckFrame   int64  // first segment with the acknowledgement; valid iff DuplicateAck
	RTO, RTOFrame int64  // nanoseconds since the oldest unacknowledged segment, and its frame; valid iff Retransmission

	// TimeRelative and TimeDelta are nanoseconds since the first and since the
	// previous segment of the conversation; Completeness is what was seen of
	// the connection before this segment.
	TimeRelative, TimeDelta int64
	Completeness            Completeness

	hole   int64 // bytes missing before the segment; valid iff LostSegment
	syn    bool
	flying uint32 // bytes in flight when that segment was sent
	sample bool   // AckRTT belongs to one segment that was sent once
	opened bool   // the segment ends the handshake

	Checksum packet.Checksum
}

// maxStreams bounds the transports of one frame that get a number: tunnels over UDP in tunnels over UDP.
const maxStreams = 4

// Stream is Wireshark's number of one transport conversation: tcp.stream or udp.stream.
type Stream struct {
	Proto  proto.ID // TCP or UDP
	Number int32
}

// Stream is the outermost stream number of the protocol in this frame.
func (s *Sighting) Stream(id proto.ID) (number int, ok bool) {
	for _, st := range s.Streams[:s.NStreams] {
		if st.Proto == id {
			return int(st.Number), true
		}
	}
	return 0, false
}

func (s *Sighting) addStream(id proto.ID, number int32) {
	if number >= 0 && s.NStreams < maxStreams {
		s.Streams[s.NStreams] = Stream{id, number}
		s.NStreams++
	}
}
