package main

import (
	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/spell"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
	"github.com/wiretale/wiretale/view/text"
)

func newRules(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "rules",
		Short:   "The catalogue of diagnoses",
		Example: "  wiretale rules\n  wiretale explain tcp.rst.app",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(format, "text", "jsonl"); err != nil {
				return err
			}
			if len(args) > 0 {
				return usage("wiretale explain "+args[0], "rules takes no arguments")
			}
			if format == "jsonl" {
				return jsonl.Rules(a.out, view.Catalogue())
			}
			return text.Rules(a.out, view.Catalogue(), a.style)
		},
	}
	formatFlag(cmd.Flags(), &format, "text", "jsonl")
	return cmd
}

func newExplain(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "explain ID",
		Short:   "The page of one diagnosis",
		Example: "  wiretale explain tcp.rst.app",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("wiretale rules lists them", "explain needs the id of one diagnosis")
			}
			r := ruleByID(args[0])
			if r == nil {
				return usage(ruleHint(args[0]), "no diagnosis %q", args[0])
			}
			return text.Explain(a.out, r)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return ruleIDs(), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func ruleByID(id string) *diag.Rule {
	for _, r := range view.Catalogue() {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func ruleIDs() []string {
	var ids []string
	for _, r := range view.Catalogue() {
		ids = append(ids, r.ID)
	}
	return ids
}

func ruleHint(id string) string {
	if n := spell.Nearest(id, ruleIDs()); n != "" {
		return "did you mean " + n
	}
	return "wiretale rules lists them"
}
