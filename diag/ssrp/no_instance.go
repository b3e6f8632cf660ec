package ssrp

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed no_instance.md
var noInstancePage string

// NoInstance: SQL Browser answers, but not for the instance that was asked for (M5).
var NoInstance = &diag.Rule{
	ID: "ssrp.no_instance", Title: "SQL Browser does not know the instance", Page: noInstancePage, Requests: true, WithheldBy: []string{"cap.drops.reported", "cap.oneway"},
}

func init() { NoInstance.Run = noInstance } // Run names the rule: a literal would be a cycle

// A list is what a Browser told, to anybody.
type list struct {
	talk    *diag.Talk
	answers []*request.Request
	names   []string        // of instances
	known   map[string]bool // the same, without regard to case
	whole   bool            // it told all that it has: an answer to CLNT_UCAST_EX
}

func (l *list) has(name string) bool { return l.known[strings.ToLower(name)] }

func noInstance(in *diag.Input) (out []diag.Finding) {
	told := map[asked]*list{}
	for _, t := range talks(in) {
		for _, r := range t.Requests {
			if !r.Answered() {
				continue
			}
			k := asked{t.Source, t.Server}
			if told[k] == nil {
				told[k] = &list{talk: t, known: map[string]bool{}}
			}
			l := told[k]
			l.answers = append(l.answers, r)
			l.whole = l.whole || r.Command == "CLNT_UCAST_EX"
			for _, name := range strings.Split(r.Name, ", ") {
				if name != "" && !l.has(name) {
					l.names, l.known[strings.ToLower(name)] = append(l.names, name), true
				}
			}
		}
	}
	for _, t := range talks(in) {
		l := told[asked{t.Source, t.Server}]
		if l == nil {
			continue
		}
		missing := in.Unanswered(t, patience)
		missing = slices.DeleteFunc(missing, func(r *request.Request) bool {
			return r.Name == "" || l.has(r.Name) || in.Withhold(NoInstance, in.Conversations.At(r.Conv))
		})
		if len(missing) > 0 {
			out = append(out, unknown(in, t, l, missing))
		}
	}
	return out
}

func unknown(in *diag.Input, t *diag.Talk, l *list, missing []*request.Request) diag.Finding {
	names := instances(missing)
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Likely, Source: t.Source, Host: t.Server.Addr().String(), Count: len(missing),
		Where: shown(t.Source, append(slices.Clone(missing[:min(len(missing), 9)]), l.answers[0])), Conversations: slices.Clone(t.Conversations),
		Filter: diag.EndpointFilter(t.Server, t.Conversations[0]),
	}
	if l.talk != t {
		f.Conversations = append(f.Conversations, l.talk.Conversations...)
	}
	in.Charge(&f, waits(missing))
	f.Summary = fmt.Sprintf("SQL Browser at %v does not answer %v about instance %s, and answers other queries", t.Server, t.Client, diag.List(quoted(names), 3))
	if len(l.names) > 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "instances that it told of", Value: diag.List(l.names, 20)})
	}
	f.RuledOut = []string{"a Browser that does not run, or is blocked: it answers other queries"}
	if l.whole {
		f.Confidence = diag.Proven
		f.Summary += fmt.Sprintf("; asked for all it has, it told of %s", orNone(l.names))
	}
	f.Fix = []string{
		"compare the name with those of the instances on the host (the service MSSQL$NAME), and look for one that is stopped",
		"a hidden instance (HideInstance in its network settings) has to be reached by its port",
	}
	return f
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return diag.List(names, 5)
}
