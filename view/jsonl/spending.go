package jsonl

import (
	"github.com/wiretale/wiretale/internal/budget"
	"github.com/wiretale/wiretale/view"
)

// A Spending is where the time of a conversation went. The parts add up to DurationNS.
type Spending struct {
	head
	Conversation int    `json:"conversation" doc:"number of the conversation"`
	From         string `json:"from" doc:"its first packet, or the question for the address that it is with"`
	DurationNS   int64  `json:"duration_ns" doc:"to its last packet, or to a later moment until which somebody waited"`
	LostNS       int64  `json:"lost_ns" doc:"what of it findings count as their cost"`
	ClientNS     int64  `json:"client_ns" doc:"the application that asks: it asked for nothing, or took no data"`
	ServerNS     int64  `json:"server_ns" doc:"the application that answers: it had not begun an answer, or took no data"`
	NamesNS      int64  `json:"names_ns" doc:"asking for addresses and ports"`
	HandshakeNS  int64  `json:"handshake_ns" doc:"opening the connection of TCP"`
	TLSNS        int64  `json:"tls_ns" doc:"opening an encrypted connection in it"`
	NetworkNS    int64  `json:"network_ns" doc:"questions, answers and content on their way"`
	RecoveryNS   int64  `json:"recovery_ns" doc:"what was lost, until it had come again"`
	HeldNS       int64  `json:"held_ns" doc:"small segments that waited for a delayed acknowledgement"`
	IdleNS       int64  `json:"idle_ns" doc:"nothing was asked for long, or any more"`
	UnknownNS    int64  `json:"unknown_ns" doc:"what the capture does not show"`
}

func (e *encoder) spendings() {
	for i := range e.c.Spendings {
		s := &e.c.Spendings[i]
		p := s.Budget.Parts()
		e.put(Spending{
			head: kind("spending"), Conversation: s.Conv.ID, From: view.ISO(s.Budget[0].From), DurationNS: s.Budget.Total(), LostNS: s.Lost,
			ClientNS: p[budget.Client], ServerNS: p[budget.Server], NamesNS: p[budget.Names], HandshakeNS: p[budget.Handshake], TLSNS: p[budget.TLS],
			NetworkNS: p[budget.Network], RecoveryNS: p[budget.Recovery], HeldNS: p[budget.Held], IdleNS: p[budget.Idle], UnknownNS: p[budget.Unknown],
		})
	}
}
