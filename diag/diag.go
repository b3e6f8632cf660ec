// Package diag defines what a diagnosis is. Each family of rules is a package
// below this one, each rule a file there with its page and its fixtures
// beside it; package all lists them.
//
// A rule looks at tables that the analysis has filled (conversations,
// sessions, capture quality) and returns findings with proof, or nothing.
package diag

import (
	"time"

	"github.com/wiretale/wiretale/internal/budget"
	"github.com/wiretale/wiretale/internal/fileio"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/fragment"
	"github.com/wiretale/wiretale/internal/handshake"
	"github.com/wiretale/wiretale/internal/neighbor"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// Severity of a finding.
type Severity uint8

const (
	Note Severity = iota + 1 // explains the trace, no fault
	Warning
	Error
)

// Confidence in a finding.
type Confidence uint8

const (
	Possible Confidence = iota + 1
	Likely              // the pattern, at least three times or in several independent ways, and nothing against it
	Proven              // observed directly
)

// A Rule is one diagnosis.
type Rule struct {
	ID    string // "tcp.syn.silent": family and fault, stable for ever
	Title string // what the user sees, one line, no full stop
	Page  string // the page in Markdown, embedded
	// Quality rules run first: their findings can withhold others.
	Quality bool
	// WithheldBy lists the quality rules whose finding on a conversation or source silences this rule there.
	WithheldBy []string
	// DoubtedBy lists those whose finding on a conversation leaves this rule no more than likely there: what is missing in the capture may say otherwise.
	DoubtedBy []string
	// Places lists the rules whose findings this one gives the place of: between the same points and of the same conversations they have one
	// cause, told in the one that costs most.
	Places []string
	// Requests says that it looks at Input.Requests: an analysis collects them when a rule does.
	Requests bool
	// Handshakes says the same of Input.Handshakes.
	Handshakes bool
	// AtEnds says that it speaks of the ends of the capture: nobody wants to know while it goes on.
	AtEnds bool
	Run    func(*Input) []Finding
}

// Input is what a rule may look at.
type Input struct {
	Sources       []*trace.Info
	Spans         []Span      // of the records of each source
	Losses        []Loss      // what the recorders say they lost, in order of source and record
	Recordings    []Recording // by source and interface
	Conversations flow.Conversations
	Hosts         []*flow.Host         // capture quality by address
	Neighbors     []*neighbor.Recorder // of each source
	Fragments     []*fragment.Recorder // the same
	Session       *session.Session
	Requests      []request.Request      // of the applications, in order of the first bytes of the questions
	Unasked       []request.Request      // answers to no question of their conversation, in order
	Handshakes    []*handshake.Handshake // of connections of TLS, in order of their first record
	Accounts      []Account              // of connections of TLS, when the user gave keys
	FileIO        []*fileio.Map          // what of Requests the calls of a Process Monitor log made
	Points        *point.Result          // nil when nobody compared what several sources saw
	// Withhold reports whether the named rule is silenced for the conversation, and notes that it was.
	Withhold func(rule *Rule, c *flow.Conversation) bool

	vantages     []Vantage                        // by source; nil until one is asked for
	talks        []*Talk                          // nil until they are asked for
	detours      *detours                         // nil until they are asked for
	directed     map[*flow.Conversation]*Directed // the same
	unheard      map[*flow.Conversation]bool      // the same
	idle         map[*flow.Conversation]bool
	injected     map[*flow.Conversation]bool
	fragmented   map[*request.Request]fragment.Partial // the same
	blocked      []*Blocked
	idleEnds     []*IdleEnd
	injections   []*Injection
	twins        map[int][]int32
	behind       []Behind // nil until they are asked for
	isBehind     map[*request.Request]bool
	queues       []*Queue     // nil until they are asked for
	senders      []*Sender    // the same
	badRecords   []*BadRecord // the same
	byBadRecord  map[*flow.Conversation]bool
	unnegotiated []Unnegotiated // nil until they are asked for
	unaccepted   []Unaccepted
	isUnaccepted map[*flow.Conversation]bool // nil until they are asked for
	byConv       map[int][]*request.Request
	gone         map[point.End][]point.Gone   // nil until it is asked for
	hops         []point.Hop                  // nil until they are asked for
	stuckHellos  map[int]bool                 // by conversation, nil until they are asked for
	openings     map[int]*handshake.Handshake // by conversation, nil until they are asked for
}

// A Span is the time from the first to the last record of a source in nanoseconds since 1970; trace.NoTime without times.
type Span struct {
	First, Last int64
	// Begin is the first record that is not the recorder's own header; not seen when there is none.
	Begin flow.Moment
}

// A Loss is what a recorder says it did not keep.
type Loss struct {
	Source    int
	Interface int   // index into the interfaces of the source, -1 for all
	Count     int64 // packets or events
	Kind      LossKind
	// After and Before are the records that it lies between; zero when the recorder does not say: from the beginning, to the end.
	After, Before flow.Moment
}

// LossKind says who lost it, and so how it is worded.
type LossKind uint8

const (
	LostBeforePacket LossKind = iota // between two packets of an interface (pcapng epb_dropcount, ERF, snoop)
	LostByInterface                  // pcapng isb_ifdrop
	LostBySystem                     // pcapng isb_osdrop
	LostEvents                       // ETL EventsLost
	LostBuffers                      // ETL BuffersLost
)

// An Account is what became of a connection that is closed to whoever has no keys, and to which conversation it belongs.
type Account struct {
	proto.Account
	Source, Conv int
}

// A Finding is one cause, proven by records.
type Finding struct {
	Rule       *Rule
	Severity   Severity
	Confidence Confidence
	// Summary is one sentence with the numbers in it: who, what, how often, how long.
	Summary string
	// Cost is the time that the user's operation lost; 0 when it lost none or the clock cannot tell.
	Cost time.Duration
	// Lost are the times that the cost is made of, in any order: those that an earlier finding counts are taken off.
	Lost []Interval
	// Count is how often it happened; 1 for most.
	Count int
	// Where lists the records that prove it, in order, 20 at most.
	Where []trace.Pos
	// Elsewhere is what other capture points have of it.
	Elsewhere []Elsewhere
	// Between names the two capture points that the cause lies between, "client and server"; "" when none is known to.
	Between string
	// Parts are findings that other rules have of the same cause, in order of rank: they have no rank of their own.
	Parts []Finding
	// Conversations that it concerns; empty for a whole source or host.
	Conversations []*flow.Conversation
	Source        int    // -1 when it concerns more than one
	Host          string // address or name, "" without
	Process       *session.Process
	Facts         []Fact // the numbers used
	RuledOut      []string
	Fix           []string
	// Record says where to record next: Run puts it into NextCapture, with the commands of the recipe.
	Record       []RecordAt
	NextCapture  []string // what to record next
	Filter       string   // Wireshark display filter that shows the proof
	NetMonFilter string
	// Silences lists the rules that this quality finding withholds, beside those that name it in WithheldBy; none when it withholds nothing: on Conversations, or on the whole source with
	// Everywhere. Why is half a sentence with the reason: "eth0 lost 7 packets".
	Silences   []string
	Everywhere bool
	Why        string

	planned int                  // lines of NextCapture that Record made
	claimed map[int]budget.Times // by conversation: see Claimed
}

// Fact is a number or value that the finding rests on.
type Fact struct{ Name, Value string }

// Withheld says that a rule was not applied, and why.
type Withheld struct {
	Rule          string
	Because       string // id of the quality finding
	Why           string // its reason in half a sentence
	Conversations int    // how many it would have looked at
	First         *flow.Conversation
}

func (s Severity) String() string { return [...]string{"", "note", "warning", "error"}[s] }

func (c Confidence) String() string { return [...]string{"", "possible", "likely", "proven"}[c] }
