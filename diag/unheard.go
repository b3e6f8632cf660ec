package diag

import (
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
)

// NoSocket reports whether the reason of a drop says that nothing listens, in the words of Windows or Linux.
func NoSocket(reason string) bool {
	reason = strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(reason), "inet: "), "_", "-")
	return reason == "no-socket" || strings.HasPrefix(reason, "transport endpoint was not found")
}

// Unheard reports whether the host itself says that it had no socket for the attempts of a connection: then it is known why they were refused.
func (in *Input) Unheard(c *flow.Conversation) bool {
	if in.unheard == nil {
		in.unheard = map[*flow.Conversation]bool{}
		if in.Session != nil {
			for _, d := range in.Session.Drops {
				if refusedBy(d) {
					in.unheard[d.Conv] = true
				}
			}
		}
	}
	return in.unheard[c]
}

func refusedBy(d *session.Drop) bool {
	c := d.Conv
	return c != nil && c.TCP != nil && !c.TCP.Established && d.Packets > 0 && NoSocket(d.Reason) && (!d.To.IsValid() || d.To == c.Ends[1])
}
