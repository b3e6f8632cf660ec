// Package ldap holds the diagnoses of directory servers: logons that they refuse, protection that they demand, and searches that take long.
package ldap

import (
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/ldap"
)

// Rules lists the family.
func Rules() []*diag.Rule { return []*diag.Rule{BindError, StrongAuth, SlowSearch} }

// Codes of results (RFC 4511, 4.1.9).
const (
	strongerAuthRequired = 8
	invalidCredentials   = 49
)

// bindCommand is how a log on is called.
const bindCommand = "bindRequest"

// bindingRefused is the code of Windows that a server gives whose policy wants the channel of TLS bound to the log on, and the client did not.
const bindingRefused = "80090346"

// wantsProtection reports whether an answer demands what the client did not offer: signing, TLS, or a log on that is bound to its TLS.
func wantsProtection(r *request.Request) bool {
	return r.Answered() && (r.Code == strongerAuthRequired || r.Code == invalidCredentials && strings.Contains(r.Text, bindingRefused))
}

// asks are the requests over TCP, in TLS too when that is opened.
func asks(in *diag.Input) []diag.Ask { return in.Asks(proto.LDAP) }

// empty reports whether a bind came without a password: programs try that to see whether a server is there.
func empty(r *request.Request) bool {
	for _, t := range r.Terms {
		if t.Name == ldap.PasswordTerm {
			return true
		}
	}
	return false
}
