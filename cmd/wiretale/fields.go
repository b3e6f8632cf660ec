package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/spell"
	"github.com/wiretale/wiretale/view/text"
)

func newFields(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "fields [WORD...]",
		Short:   "The fields and protocols that a display filter can name: all, or those whose name or meaning has the words",
		Example: "  wiretale fields\n  wiretale fields tcp. window\n  wiretale packets -Y 'tcp.window_size_value < 1000' x.pcap",
		RunE: func(_ *cobra.Command, args []string) error {
			found := matchingFields(args)
			if len(found) == 0 {
				hint := "wiretale fields lists all"
				if n := spell.Nearest(args[0], fieldNames()); n != "" {
					hint = "did you mean " + n
				}
				return usage(hint, "no field has %s in its name or meaning", strings.Join(args, " and "))
			}
			return text.FieldList(a.out, found, a.style)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return fieldNames(), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// matchingFields are the fields with all of the words, in any case.
func matchingFields(words []string) []filter.Name {
	var found []filter.Name
next:
	for _, f := range filter.Names() {
		whole := strings.ToLower(f.Name + " " + f.Title)
		for _, w := range words {
			if !strings.Contains(whole, strings.ToLower(w)) {
				continue next
			}
		}
		found = append(found, f)
	}
	return found
}
