package tls

import (
	"cmp"
	"fmt"

	"github.com/wiretale/wiretale/proto"
)

// An account is what became of an agreement.
type account proto.Account

// maxSteps bounds the decisions that are told of an agreement.
const maxSteps = 32

// step notes a decision. It never has a secret.
func (a *account) step(format string, args ...any) {
	if len(a.Steps) < maxSteps {
		a.Steps = append(a.Steps, fmt.Sprintf(format, args...))
	}
}

// failed counts a record that was not opened. The first reason stays.
func (a *account) failed(u *proto.Unit, why string) {
	if a.Closed++; a.Failed == 0 {
		a.Failed = u.Frame
	}
	if a.Why == "" {
		a.Why = why
		a.step("frame %d: %s", u.Frame, why)
	}
}

// reason is why nothing of it can be opened.
func (a *account) reason() string {
	if a.Why != "" {
		return a.Why
	}
	return whyNotInLog
}

// why is why an agreement has no keys.
func (n *negotiation) why() string {
	switch {
	case n.Why != "":
		return n.Why
	case !n.chosen || n.clientRandom == nil:
		return whyNoHandshake
	}
	return n.reason()
}

// Client is the direction that sent the last ClientHello, as far as keys let one look.
func (s *session) Client() int {
	if s.opener == nil {
		return 0
	}
	return s.opener.client
}

// Accounts say what became of the connection: one for each agreement on keys, and one for what came before the first.
func (s *session) Accounts() (list []proto.Account) {
	if s.opener == nil {
		return nil
	}
	if c := s.opener.closed; c.Closed > 0 {
		c.ID, c.Frame, c.Version = cmp.Or(c.ID, proto.TLS), c.Failed, versionName(s.version)
		list = append(list, c)
	}
	for _, n := range s.opener.all {
		a := proto.Account(n.account)
		if a.Why == "" && a.Opened == 0 {
			if a.Why = n.why(); n.chosen && n.Source != "" {
				a.Why = "no encrypted record of it is in the capture"
			}
		}
		list = append(list, a)
	}
	return list
}
