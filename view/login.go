package view

import (
	"fmt"

	"github.com/wiretale/wiretale/internal/login"
)

// LoginAnswer is how a login to SQL Server ended: "LOGINACK", "error 18456, state 1: Login failed for user 'ann'.", or the step behind which it stopped.
func LoginAnswer(l *login.Login) string {
	switch {
	case l.Routed != "":
		return "sent to " + l.Routed
	case l.Code != 0:
		return fmt.Sprintf("error %d, state %d: %s", l.Code, l.State, l.Text)
	case l.Status != "":
		return l.Status
	}
	if last, ok := l.Last(); ok {
		return "none after the " + last.String()
	}
	return ""
}
