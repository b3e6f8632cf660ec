package view

import (
	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/budget"
)

// Causes are what time goes to, in the order in which views name them: applications, opening, the way, and the rest.
var Causes = []budget.Cause{budget.Client, budget.Server, budget.Names, budget.Handshake, budget.TLS, budget.Network, budget.Recovery, budget.Held, budget.Idle, budget.Unknown}

// CauseNames are their names.
var CauseNames = [budget.Causes]string{
	budget.Client: "client", budget.Server: "server", budget.Names: "names", budget.Handshake: "handshake", budget.TLS: "TLS", budget.Network: "network",
	budget.Recovery: "recovery", budget.Held: "held back", budget.Idle: "idle", budget.Unknown: "not known",
}

// leastTold is the part of a conversation's time, as one in so many, of which the capture must show where it went: less explains nothing.
const leastTold = 20

// Told reports whether a capture shows where so much of a conversation's time went that it is worth a line.
func Told(s *diag.Spending) bool {
	total := s.Budget.Total()
	return total-s.Budget.Parts()[budget.Unknown] >= max(1, total/leastTold)
}
