package all

import (
	"strings"
	"testing"

	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

func TestTablesParse(t *testing.T) {
	seen := map[trace.GUID]string{}
	for _, p := range All() {
		if other := seen[p.GUID]; other != "" {
			t.Errorf("%s and %s have one GUID", p.Name, other)
		}
		seen[p.GUID] = p.Name
		if p.Lay != nil { // its events say themselves which fields they have
			continue
		}
		table := p.Load() // panics when a table does not parse
		if len(table.Events) == 0 || p.Short == "" || !strings.HasPrefix(p.Name, "Microsoft-Windows-") && !p.Classic || p.Module == "" {
			t.Errorf("%s: %d events, short name %q, module %q", p.Name, len(table.Events), p.Short, p.Module)
		}
	}
}

// A message that no layout takes is a slip of the pen: a wrong id or field name.
func TestEveryMessageIsUsed(t *testing.T) {
	for _, p := range All() {
		table := p.Load()
		for id, messages := range table.Wording {
			for _, m := range messages {
				if !boundBy(table, id, m) {
					t.Errorf("%s %d: no layout has all fields of %q", p.Name, id, m)
				}
			}
		}
	}
}

// boundBy reports whether some layout of the event has every field that the message names.
func boundBy(table *provider.Table, id uint16, message string) bool {
	for key, variants := range table.Events {
		if key.ID != id {
			continue
		}
		for _, d := range variants {
			names := map[string]bool{}
			for _, f := range d.Fields {
				names[f.Name] = true
			}
			all := true
			for _, part := range strings.Split(message, "%{")[1:] {
				list, _, _ := strings.Cut(part, "}")
				for _, name := range strings.Split(list, "|") {
					all = all && names[name]
				}
			}
			if all && d.Message != "" {
				return true
			}
		}
	}
	return false
}

// The providers of connection stories are shown by name, so an event that is worded has one.
func TestEveryWordedEventHasAName(t *testing.T) {
	for _, p := range All() {
		if p.Short != "TCPIP" && p.Short != "AFD" && p.Short != "PktMon" && p.Short != "Kernel-Network" {
			continue
		}
		table := p.Load()
		for key, variants := range table.Events {
			if len(table.Wording[key.ID]) == 0 {
				continue
			}
			for _, d := range variants {
				if d.Name == "" {
					t.Errorf("%s %d.%d has a message and no name", p.Name, key.ID, key.Version)
				}
			}
		}
	}
}
