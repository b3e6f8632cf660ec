package jsonl

import (
	"io"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
)

// A Recipe is how to record what would settle a finding.
type Recipe struct {
	head
	Rank    int            `json:"rank" doc:"of the finding"`
	Rule    string         `json:"rule" doc:"of the finding"`
	Hosts   []RecipeHost   `json:"hosts,omitempty" doc:"where to record, at the same time"`
	Filter  string         `json:"capture_filter,omitempty" doc:"in the language of libpcap"`
	Clocks  []string       `json:"clocks,omitempty" doc:"how to note how far the clocks of the hosts are apart"`
	Besides []string       `json:"besides,omitempty" doc:"what to record for this fault besides"`
	Settles []RecipeSettle `json:"settles,omitempty" doc:"how to record so that nothing is withheld"`
}

// A RecipeHost is a machine to record on.
type RecipeHost struct {
	Role     string          `json:"role" doc:"'client', 'server'"`
	Address  string          `json:"address" doc:"of the machine"`
	Here     bool            `json:"here,omitempty" doc:"true when this capture was taken there"`
	Commands []RecipeCommand `json:"commands" doc:"one a tool: any of them will do"`
}

// A RecipeCommand is one tool's way to record.
type RecipeCommand struct {
	Tool  string `json:"tool" doc:"'record' (wiretale itself), 'tcpdump', 'dumpcap', 'pktmon', 'netsh'"`
	Start string `json:"start" doc:"begins to record"`
	Stop  string `json:"stop" doc:"ends it"`
	Send  string `json:"send" doc:"the files that it wrote"`
}

// A RecipeSettle is how to record without a flaw that withheld a diagnosis.
type RecipeSettle struct {
	Because string `json:"because" doc:"quality finding that withheld it"`
	Rule    string `json:"rule" doc:"diagnosis that was not applied"`
	How     string `json:"how" doc:"how to record instead"`
}

// Recipes writes that of the finding of a rank.
func Recipes(w io.Writer, c *engine.Case, rank int) error {
	e := newEncoder(w, c)
	e.put(RecipeOf(c, rank))
	return e.err
}

// RecipeOf is that of the finding of a rank.
func RecipeOf(c *engine.Case, rank int) Recipe {
	f := &c.Findings[rank-1]
	out := Recipe{head: kind("recipe"), Rank: rank, Rule: f.Rule.ID, Besides: f.Besides()}
	if r := c.Recipe(f); r != nil {
		out.Filter, out.Clocks = r.Filter(), r.Clocks()
		for i := range r.Hosts {
			h := RecipeHost{Role: r.Hosts[i].Role, Address: r.Hosts[i].Addr.String(), Here: r.Hosts[i].Here}
			for _, cmd := range r.Hosts[i].Commands() {
				h.Commands = append(h.Commands, RecipeCommand(cmd))
			}
			out.Hosts = append(out.Hosts, h)
		}
	}
	for i := range c.Withheld {
		if how := diag.Settles(c.Withheld[i].Because); how != "" {
			out.Settles = append(out.Settles, RecipeSettle{c.Withheld[i].Because, c.Withheld[i].Rule, how})
		}
	}
	return out
}
