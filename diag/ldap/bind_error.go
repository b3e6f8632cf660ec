package ldap

import (
	_ "embed"
	"fmt"
	"net/netip"
	"regexp"

	"github.com/wiretale/wiretale/diag"
)

//go:embed bind_error.md
var bindErrorPage string

// BindError: a directory server refuses logons (K10).
var BindError = &diag.Rule{ID: "ldap.bind_error", Title: "a directory server refuses logons", Page: bindErrorPage, Requests: true, DoubtedBy: []string{"cap.gaps", "cap.drops.reported", "cap.snaplen"}, Run: bindError}

// A meaning is what a code says to a user.
type meaning struct{ says, fix string }

// reasons are the codes of Windows that Active Directory writes behind "data" ([MS-ERREF] 2.2).
var reasons = map[string]meaning{
	"525": {"there is no such user", "check the name and its form: DOMAIN\\user, user@domain or a distinguished name"},
	"52e": {"the password is wrong, or the name", "set the password anew where it is stored: the configuration of the service, a keytab, a saved password"},
	"530": {"the user may not log on at this time", "look at the hours in which the account may log on"},
	"531": {"the user may not log on at this computer", "look at the list of computers at which the account may log on"},
	"532": {"the password has expired", "change the password, or use an account for services whose password is renewed by the system"},
	"533": {"the account is disabled", "enable the account, or use another one"},
	"701": {"the account has expired", "set another day on which the account expires"},
	"773": {"the password must be changed first", "change the password once, and take the mark off that asks for it"},
	"775": {"the account is locked: the password was wrong too often", "find out who tries with an old password (event 4740 at the domain controller names the computer), then unlock it"},
}

// results are what other codes of a bind mean (RFC 4511, appendix A).
var results = map[uint32]meaning{
	invalidCredentials: {"the name or the password is wrong", "check both; the log of the server says which one it is"},
	7:                  {"the server does not know this way to log on", "use one of those in supportedSASLMechanisms of the root entry"},
	48:                 {"the account cannot log on in this way", "look at what the account has for it: a password, a certificate"},
	53:                 {"the server is not willing to", "look at its log: an empty password, a policy, an account that is locked"},
	32:                 {"there is no such entry", "check the distinguished name that the client logs on with"},
	34:                 {"the name has not the form of a distinguished name", "check the name that the client logs on with"},
	51:                 {"the server is busy", "look at the load of the server"},
	52:                 {"the server is not available", "look at the server: it is starting, stopping, or without its database"},
}

// data finds the code of Windows in what Active Directory says: "80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data 52e, v2580".
var data = regexp.MustCompile(`\bdata ([0-9a-f]{1,8})\b`)

// A refusal is what one cause makes: one server, one reason.
type refusal struct {
	source int
	server netip.AddrPort
	code   uint32
	data   string
}

// A logOn is a client that logs on with a name.
type logOn struct {
	source int
	client netip.Addr
	name   string
}

func logOnOf(a diag.Ask) logOn { return logOn{a.Talk.Source, a.Talk.Client, a.Name} }

func bindError(in *diag.Input) (out []diag.Finding) {
	all := asks(in)
	accepted := diag.Latest(all, func(a diag.Ask) (logOn, bool) {
		return logOnOf(a), a.Command == bindCommand && a.Answered() && a.Code == 0 && a.Name != ""
	})
	for _, g := range diag.GroupsOf(all, func(a diag.Ask) (refusal, bool) {
		k := refusal{a.Talk.Source, a.Talk.Server, a.Code, dataOf(a.Text)}
		return k, a.Command == bindCommand && a.Answered() && a.Failed && !wantsProtection(a.Request) && !empty(a.Request)
	}) {
		out = append(out, refused(in, g, accepted))
	}
	return out
}

func dataOf(text string) string {
	if m := data.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

func refused(in *diag.Input, list []diag.Ask, accepted map[logOn]int64) diag.Finding {
	first := list[0]
	f := in.FindingOn(list, "ldap.protocolOp == 0 || ldap.protocolOp == 1")
	f.Severity = diag.Error
	code := dataOf(first.Text)
	m, known := reasons[code]
	if !known {
		m, known = results[first.Code]
	}
	if !known {
		m = meaning{"the server says why", "look the code up, and look at the log of the server at that second"}
	}
	f.Summary = fmt.Sprintf("%v refused %s of %s with %s (%d)", first.Talk.Server, diag.Count(len(list), "logon"), diag.ClientsOf(list), first.Status, first.Code)
	if code != "" {
		f.Summary += ", data " + code
	}
	f.Summary += ": " + m.says
	if names := diag.NamesOf(list, func(a diag.Ask) string { return a.Name }); names != "" {
		f.Summary += ": " + names
	}
	if first.Text != "" {
		f.Facts = append(f.Facts, diag.Fact{Name: "the server says", Value: first.Text})
	}
	f.RuledOut = []string{"a step of a log on: saslBindInProgress (14) is not counted", "a program that only looks whether the server is there: binds with an empty password are not counted"}
	f.Fix = []string{m.fix}
	later := 0
	for _, a := range list {
		if accepted[logOnOf(a)] > a.Asked.Time {
			later++
		}
	}
	if later == len(list) {
		f.Severity = diag.Note
		f.Summary += "; later the server accepted the same"
	}
	return f
}
