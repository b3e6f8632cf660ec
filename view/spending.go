package view

import (
	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/budget"
)

// Causes are what time goes to, in the order in which views name them: applications, opening, the way, and the rest.
var Causes = []budget.Cause{budget.Client, budget.Server, budget.Names, budget.Handshake, budget.TLS, budget.Network, budget.Recovery, budget.Held, budget.Idle, budget.Unknown}

// Told reports whether a capture shows where any of a conversation's time went.
func Told(s *diag.Spending) bool {
	return s.Budget.Parts()[budget.Unknown] < s.Budget.Total()
}
