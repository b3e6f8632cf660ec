// Package login puts together how connections of SQL Server were opened: from
// the SYN to the answer to the login, in thirteen steps, each with its time and the
// side that it waits for. The steps and their two letters are those of Microsoft's SQL Network Analyzer.
package login

import (
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tds"
	"github.com/wiretale/wiretale/trace"
)

// A Step is one of the messages that open a connection, in order.
type Step uint8

const (
	Accept      Step = iota // SYN/ACK
	PreLogin                // what the client can do
	PreLoginAck             // what the server chose
	ClientHello             // TLS in packets of the pre-login
	ServerHello
	KeyExchange
	CipherChange
	Credentials   // the login: LOGIN7, in plain or encrypted
	Ticket        // the client goes on with SSPI: Kerberos, or the first message of NTLM behind the login
	NTLMChallenge // of the server
	NTLMResponse  // of the client
	Accepted      // LOGINACK, or an answer that is encrypted
	Refused       // ERROR

	Steps // how many there are
)

var steps = [Steps]struct {
	code, title string
	client      bool
}{
	{"AS", "SYN/ACK", false}, {"PL", "pre-login", true}, {"PR", "pre-login response", false}, {"CH", "TLS client hello", true}, {"SH", "TLS server hello", false},
	{"KE", "TLS key exchange", true}, {"CE", "TLS cipher exchange", false}, {"AD", "login", true}, {"SS", "SSPI", true}, {"NC", "NTLM challenge", false},
	{"NR", "NTLM response", true}, {"LA", "login acknowledgement", false}, {"ER", "error", false},
}

// Code is the two letters of a step: "PL".
func (s Step) Code() string { return steps[s].code }

func (s Step) String() string { return steps[s].title }

// ByClient reports whether the client sends it: its time is the client's, and half a round trip.
func (s Step) ByClient() bool { return steps[s].client }

// A Login is the opening of one connection.
type Login struct {
	Conv  *flow.Conversation
	Begin request.Mark // the SYN; the first step in a capture without it
	At    [Steps]request.Mark
	// Database is what the login asks for; "" when that is the default one, or cannot be read.
	Database string
	// Status is that of the answer that ended it, as the request has it, with code, state, class and text of an error. Routed is where the server sent the client: host:port.
	Status       string
	Code         uint32
	State, Class uint64
	Text         string
	Routed       string
	// Encrypted says that the answer came and could not be read: At[Accepted] is only its time.
	Encrypted bool
	// Alert is the alert of TLS that the server answered with, "alert 70"; "" without one.
	Alert string
	// Used says that the client went on to work with the connection.
	Used bool
	last Step
	any  bool
}

// Of are the logins of a case, in order of their first request. conv is a conversation by its number.
func Of(list []request.Request, conv func(int) *flow.Conversation) (out []*Login) {
	byConv := map[int]*Login{}
	for i := range list {
		r := &list[i]
		if r.Protocol != proto.TDS {
			continue
		}
		l := byConv[r.Conv]
		if l == nil && Opens(r.Command) {
			l = &Login{Conv: conv(r.Conv)}
			l.begin(r)
			byConv[r.Conv] = l
			out = append(out, l)
		}
		if l != nil {
			l.take(r)
		}
	}
	return out
}

// Opens reports whether a command is one of those that open a connection.
func Opens(command string) bool {
	switch command {
	case tds.PreLoginCommand, tds.HelloCommand, tds.KeysCommand, tds.LoginCommand, tds.SSPICommand:
		return true
	}
	return false
}

func (l *Login) begin(r *request.Request) {
	l.Begin = r.Asked
	if t := l.Conv.TCP; t != nil && t.SYN.Seen() {
		l.Begin = mark(t.SYN)
		if t.SYNACK.Seen() {
			l.set(Accept, mark(t.SYNACK))
		}
	}
}

func mark(m flow.Moment) request.Mark { return request.Mark{Number: m.Pos.Number, Time: m.Time} }

// set notes the first time of a step.
func (l *Login) set(s Step, m request.Mark) {
	if !m.Seen() || l.At[s].Seen() {
		return
	}
	l.At[s] = m
	l.last, l.any = max(l.last, s), true
}

// take notes what one request has of the login.
func (l *Login) take(r *request.Request) {
	if !Opens(r.Command) || l.At[Accepted].Seen() || l.At[Refused].Seen() {
		l.Used = true
		return
	}
	switch r.Command {
	case tds.PreLoginCommand:
		l.set(PreLogin, r.Asked)
		l.set(PreLoginAck, r.First)
	case tds.HelloCommand:
		l.set(ClientHello, r.Asked)
		l.hello(r)
	case tds.KeysCommand:
		l.set(KeyExchange, r.Asked)
		l.hello(r)
	case tds.LoginCommand:
		l.set(Credentials, r.Asked)
		l.Database = r.Name
		l.answer(r)
	case tds.SSPICommand:
		if r.Name == tds.Authenticates {
			l.set(NTLMResponse, r.Asked)
		} else {
			l.set(Ticket, r.Asked)
		}
		l.answer(r)
	}
}

// hello notes the answer to a message of the handshake.
func (l *Login) hello(r *request.Request) {
	switch {
	case r.Failed:
		l.Alert, l.Status = r.Status, r.Status
		l.set(Refused, r.First)
	case r.Command == tds.HelloCommand:
		l.set(ServerHello, r.First)
	default:
		l.set(CipherChange, r.First)
	}
}

// answer notes what the server says to the login, or to what follows it.
func (l *Login) answer(r *request.Request) {
	switch {
	case !r.First.Seen():
		return
	case r.Failed:
		l.set(Refused, r.First)
		l.Code, l.Text = r.Code, strings.TrimSpace(r.Text)
		for _, t := range r.Terms {
			switch t.Name {
			case tds.StateTerm:
				l.State = t.Value
			case tds.ClassTerm:
				l.Class = t.Value
			}
		}
	case r.Status == tds.Challenged:
		l.set(NTLMChallenge, r.First)
		return
	case r.Status == tds.Negotiates:
		return
	default:
		l.set(Accepted, r.First)
		l.Encrypted = r.Status == tds.Sealed
		if r.Status == tds.Routed {
			l.Routed = r.Text
		}
	}
	l.Status = r.Status
}

// Last is the last step that was seen; not ok before the first.
func (l *Login) Last() (s Step, ok bool) { return l.last, l.any }

// Answered reports whether the login ended with an answer of the server.
func (l *Login) Answered() bool { return l.At[Accepted].Seen() || l.At[Refused].Seen() }

// Took is the time from the step before, or from the SYN, in nanoseconds; not ok for a step that was not seen, or without times.
func (l *Login) Took(s Step) (ns int64, ok bool) {
	if !l.At[s].Seen() {
		return 0, false
	}
	before := l.Begin
	for i := range s {
		if l.At[i].Seen() && l.At[i].Number >= before.Number {
			before = l.At[i]
		}
	}
	return l.At[s].Time - before.Time, before.Time != trace.NoTime && l.At[s].Time != trace.NoTime && l.At[s].Time >= before.Time
}

// Whole is the time from the SYN to the last step, in nanoseconds.
func (l *Login) Whole() (ns int64, ok bool) {
	if !l.any || l.Begin.Time == trace.NoTime {
		return 0, false
	}
	return l.At[l.last].Time - l.Begin.Time, l.At[l.last].Time >= l.Begin.Time
}

// Longest is the step that took longest.
func (l *Login) Longest() (longest Step) {
	most := int64(-1)
	for s := range Steps {
		if ns, ok := l.Took(s); ok && ns > most {
			longest, most = s, ns
		}
	}
	return longest
}
