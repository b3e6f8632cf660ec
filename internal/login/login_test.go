package login

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tds"
	"github.com/wiretale/wiretale/trace"
)

// at is a request of times in milliseconds; an answer at 0 did not come.
func at(command, name, status string, asked, answered int64) request.Request {
	r := request.Request{Protocol: proto.TDS, Command: command, Name: name, Status: status, Asked: request.Mark{Number: asked + 1, Time: asked * 1e6}}
	if answered > 0 {
		r.First = request.Mark{Number: answered + 1, Time: answered * 1e6}
		r.Last = r.First
	}
	return r
}

func TestSteps(t *testing.T) {
	moment := func(ms int64) flow.Moment {
		return flow.Moment{Pos: trace.Pos{Number: ms + 1}, Time: ms * 1e6}
	}
	failed := at(tds.LoginCommand, "db", "error 4060", 70, 90)
	failed.Failed, failed.Code, failed.Text = true, 4060, "Cannot open database "
	failed.Terms = []proto.Term{{Name: tds.StateTerm, Value: 1}, {Name: tds.ClassTerm, Value: 11}}
	alert := at(tds.HelloCommand, "", "alert 70", 20, 21)
	alert.Failed = true
	for _, c := range []struct {
		what string
		list []request.Request
		want string
	}{
		{"NTLM", []request.Request{
			at(tds.PreLoginCommand, "", "done", 2, 3), at(tds.LoginCommand, "db", tds.Challenged, 4, 30), at(tds.SSPICommand, tds.Authenticates, tds.LoggedIn, 31, 1031), at("SQL Batch", "", "done", 1032, 1033),
		}, "AS 1 PL 1 PR 1 AD 1 NC 26 NR 1 LA 1000; longest LA of 1031; LOGINACK used"},
		{"TLS, encrypted", []request.Request{
			at(tds.PreLoginCommand, "", "done", 2, 3), at(tds.HelloCommand, "", "Server Hello", 4, 6), at(tds.KeysCommand, "", "Change Cipher Spec", 506, 507), at(tds.LoginCommand, "", tds.Sealed, 508, 509),
		}, "AS 1 PL 1 PR 1 CH 1 SH 2 KE 500 CE 1 AD 1 LA 1; longest KE of 509; encrypted"},
		{"refused", []request.Request{failed}, "AS 1 AD 69 ER 20; longest AD of 90; error 4060 4060/1/11 Cannot open database"},
		{"an alert", []request.Request{at(tds.PreLoginCommand, "", "done", 2, 3), alert}, "AS 1 PL 1 PR 1 CH 17 ER 1; longest CH of 21; alert 70"},
		{"stops", []request.Request{at(tds.PreLoginCommand, "", "", 2, 0)}, "AS 1 PL 1; longest AS of 2;"},
	} {
		conv := &flow.Conversation{TCP: &flow.TCP{SYN: moment(0), SYNACK: moment(1)}}
		all := Of(c.list, func(int) *flow.Conversation { return conv })
		if len(all) != 1 {
			t.Fatalf("%s: %d logins", c.what, len(all))
		}
		l := all[0]
		var text strings.Builder
		for s := range Steps {
			if ns, ok := l.Took(s); ok {
				fmt.Fprintf(&text, "%s %d ", s.Code(), ns/1e6)
			}
		}
		whole, _ := l.Whole()
		got := fmt.Sprintf("%s; longest %s of %d; %s", strings.TrimSpace(text.String()), l.Longest().Code(), whole/1e6, l.Status)
		if l.Code != 0 {
			got += fmt.Sprintf(" %d/%d/%d %s", l.Code, l.State, l.Class, l.Text)
		}
		if l.Used {
			got += " used"
		}
		if got = strings.TrimSpace(got); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
	if all := Of([]request.Request{at("SQL Batch", "", "done", 1, 2)}, nil); len(all) != 0 {
		t.Errorf("a connection that was open: %d logins", len(all))
	}
}
