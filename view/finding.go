package view

import (
	"fmt"

	"github.com/wiretale/wiretale/diag"
)

// FindingIDs are what findings are addressed by: [FindingID], with a number behind it where that is not enough.
func FindingIDs(list []diag.Finding) []string {
	ids, seen := make([]string, len(list)), map[string]int{}
	for i := range list {
		id := FindingID(&list[i])
		if seen[id]++; seen[id] > 1 {
			id = fmt.Sprintf("%s-%d", id, seen[id])
		}
		ids[i] = id
	}
	return ids
}

// FindingID is the diagnosis and the first record that proves it, or whom it concerns. It is the same whatever else is found.
func FindingID(f *diag.Finding) string {
	switch {
	case len(f.Where) > 0:
		return fmt.Sprintf("%s@%d:%d", f.Rule.ID, f.Where[0].Source, f.Where[0].Number)
	case f.Host != "":
		return f.Rule.ID + "@" + f.Host
	case f.Source >= 0:
		return fmt.Sprintf("%s@%d", f.Rule.ID, f.Source)
	}
	return f.Rule.ID
}
