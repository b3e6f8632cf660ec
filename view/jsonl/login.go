package jsonl

import (
	"github.com/wiretale/wiretale/internal/login"
	"github.com/wiretale/wiretale/view"
)

// A Login is how a connection of SQL Server was opened.
type Login struct {
	head
	Source       int         `json:"source" doc:"index of the source"`
	Conversation int         `json:"conversation" doc:"number of the conversation, as 'convs' has it"`
	Client       string      `json:"client" doc:"address and port of who logs in"`
	Server       string      `json:"server" doc:"address and port of the server"`
	Database     string      `json:"database,omitempty" doc:"that the login asks for; none when that is the default one, or cannot be read"`
	Steps        []LoginStep `json:"steps" doc:"those that were seen, in order"`
	WholeNS      *int64      `json:"whole_ns,omitempty" doc:"from the SYN, or the first step, to the last step"`
	Answer       string      `json:"answer" doc:"how it ended, in words"`
	Accepted     bool        `json:"accepted" doc:"true when the server accepted the login; an encrypted answer is none that says so"`
	Encrypted    bool        `json:"encrypted,omitempty" doc:"true when the answer came and could not be read"`
	Error        uint32      `json:"error,omitempty" doc:"number of the error that refuses it"`
	State        uint64      `json:"state,omitempty" doc:"of the error"`
	Class        uint64      `json:"class,omitempty" doc:"of the error"`
	Text         string      `json:"text,omitempty" doc:"of the error"`
	Routed       string      `json:"routed_to,omitempty" doc:"host and port that the server sent the client to"`
}

// A LoginStep is one message of a login.
type LoginStep struct {
	Step  string `json:"step" doc:"two letters: AS PL PR CH SH KE CE AD SS NC NR LA ER"`
	Title string `json:"title" doc:"what it is, in words"`
	Frame int64  `json:"frame" doc:"number of the record"`
	By    string `json:"by" doc:"who sends it: client or server"`
	NS    *int64 `json:"ns,omitempty" doc:"time since the step before"`
}

// logins writes those of the case.
func (e *encoder) logins() {
	for _, l := range login.Of(e.c.Requests.Requests, e.c.Conversations.At) {
		out := Login{
			head: kind("login"), Source: l.Conv.Source, Conversation: l.Conv.ID,
			Client: view.Endpoint(l.Conv.Ends[0], l.Conv.Proto), Server: view.Endpoint(l.Conv.Ends[1], l.Conv.Proto),
			Database: l.Database, Answer: view.LoginAnswer(l), Accepted: l.At[login.Accepted].Seen() && !l.Encrypted, Encrypted: l.Encrypted,
			Error: l.Code, State: l.State, Class: l.Class, Text: l.Text, Routed: l.Routed,
		}
		timed := !view.Untimed(e.c, l.Conv.Source)
		if timed {
			out.WholeNS = known(l.Whole())
		}
		for s := range login.Steps {
			if !l.At[s].Seen() {
				continue
			}
			step := LoginStep{Step: s.Code(), Title: s.String(), Frame: l.At[s].Number, By: "server"}
			if s.ByClient() {
				step.By = "client"
			}
			if timed {
				step.NS = known(l.Took(s))
			}
			out.Steps = append(out.Steps, step)
		}
		e.put(out)
	}
}
