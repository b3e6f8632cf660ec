package diag

import (
	"fmt"
	"net/netip"
)

// A RecordAt is a host to record at next, and the question that the recording answers. The commands are those of the recipe of the finding.
type RecordAt struct {
	Addr     netip.Addr // the zero Addr: at both ends at the same time
	Question string
	Asks     []uint16 // ports at which the host asks others for what it answers: all that passes there is recorded
}

// plan puts the places to record at next into words, with the command of tcpdump. What a rule itself says of recording comes behind them.
func (in *Input) plan(f *Finding) {
	if len(f.Record) == 0 {
		return
	}
	r := in.Recipe(f)
	if r == nil {
		return
	}
	var lines []string
	for _, at := range f.Record {
		hosts := r.Hosts
		if at.Addr.IsValid() {
			hosts = r.hostsAt(at.Addr)
		}
		for i := range hosts {
			line := fmt.Sprintf("at the %s %v: %s", hosts[i].Role, hosts[i].Addr, hosts[i].Commands()[0].Start)
			if i == len(hosts)-1 && at.Question != "" {
				line += " - " + at.Question
			}
			lines = append(lines, line)
		}
	}
	f.planned = len(lines)
	f.NextCapture = append(lines, f.NextCapture...)
}

// hostsAt is the host with an address; of a finding about several that the first conversation is not with, the server.
func (r *Recipe) hostsAt(a netip.Addr) []RecipeHost {
	for i := range r.Hosts {
		if r.Hosts[i].Addr == a {
			return r.Hosts[i : i+1]
		}
	}
	h := r.Hosts[1]
	h.Addr = a
	return []RecipeHost{h}
}

// Besides are what there is to record beside the commands of the recipe: what the recordings are to answer, and what the rule itself says.
func (f *Finding) Besides() (out []string) {
	for _, at := range f.Record {
		switch {
		case at.Question == "":
		case at.Addr.IsValid():
			out = append(out, fmt.Sprintf("at %v: %s", at.Addr, at.Question))
		default:
			out = append(out, at.Question)
		}
	}
	return append(out, f.NextCapture[f.planned:]...)
}
