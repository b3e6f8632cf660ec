package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/spell"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
	"github.com/wiretale/wiretale/view/text"
)

// commandNames are the commands of newRoot, for hints.
var commandNames = []string{
	"packets",
	"timeline",
	"convs",
	"story",
	"report",
	"follow",
	"export",
	"requests",
	"compare",
	"fields",
	"plot",
	"stats",
	"show",
	"info",
	"convert",
	"merge",
	"slice",
	"live",
	"recipe",
	"decrypt",
	"scrub",
	"record",
	"serve",
	"rules",
	"explain",
	"completion",
	"help",
}

const rootExample = `  wiretale server.etl                       what happened, and why
  wiretale client.pcapng server.pcapng      several capture points: what was lost or changed between them
  tcpdump -w - | wiretale -                 standard input
  wiretale timeline server.etl              calls, stack events and packets in one list
  wiretale packets -T fields -e ip.src -e tcp.len x.pcap`

// caseFlags are those of the default command.
type caseFlags struct {
	format string
	failOn string
	taps   []string
	points []string
}

func newRoot(a *app) *cobra.Command {
	var f caseFlags
	root := &cobra.Command{
		Use:           "wiretale [FILE...]",
		Short:         "Reads network traces and tells what happened and why: findings with their proof, then the conversations.",
		Example:       rootExample,
		Version:       version(),
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return a.prepare()
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runCase(cmd.Context(), a, &f, args) },
	}
	all := root.PersistentFlags()
	all.StringArrayVarP(&a.read, "read", "r", nil, "read this `FILE`; the same as naming it")
	all.StringVar(&a.color, "color", "auto", "colour `WHEN`: auto, always, never")
	all.StringVar(&a.zone, "tz", "UTC", "time `ZONE` of the times of day that are printed")
	all.BoolVarP(&a.quiet, "quiet", "q", false, "no messages other than errors")
	all.BoolVarP(&a.verbose, "verbose", "v", false, "say what was read, how long it took, and all of each note")
	all.BoolVar(&a.noTSO, "no-tso", false, "take an IP length of 0 at its word, as Wireshark without its preference ip.tso_support: no segment, and what follows looks lost")
	all.BoolVar(&a.keep, "keep-duplicates", false, "take every record for a packet of its own, as tshark does, also where one was recorded twice")
	decodeAsFlag(all, &a.as)
	all.StringArrayVar(&a.keys, "keys", nil, "decrypt with the keys in this `FILE`: a private key (PEM, DER, PKCS#12), a key log of TLS (SSLKEYLOGFILE), keys of SMB3; may be given several times")
	all.StringArrayVar(&a.passwordFiles, "password-file", nil, "passwords of encrypted files of keys, one a line, in this `FILE`; also "+passwordVariable+" in the environment")
	all.BoolVar(&a.explain, "explain-tls", false, "with --keys, say on standard error what was decided on the way to the keys of each session of TLS; no secrets are in it")
	all.BoolP("no-names", "n", false, "look up no names, as tshark and tcpdump take it; names are never looked up")
	all.Lookup("no-names").Hidden = true
	formatFlag(root.Flags(), &f.format, "text", "jsonl")
	root.Flags().StringVar(&f.failOn, "fail-on", "", "exit with 1 when there is a finding of this `SEVERITY` or above: note, warning, error")
	root.Flags().StringArrayVarP(&f.taps, "statistics", "z", nil, "only these statistics, as tshark names them: `NAME` is conv,tcp or io,stat,1 or another of wiretale stats, or follow,tls,ascii,0; may be given several times")
	root.Flags().StringArrayVar(&f.points, "point", nil, "read a file as the capture point of this name: `NAME=FILE`; several of one name are one point, written one after another; others are named after their files")
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetHelpTemplate(helpTemplate)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		newPackets(a),
		newTimeline(a),
		newConvs(a),
		newStory(a),
		newReport(a),
		newFollow(a),
		newExport(a),
		newRequests(a),
		newCompare(a),
		newFields(a),
		newPlot(a),
		newStats(a),
		newShow(a),
		newInfo(a),
		newConvert(a),
		newMerge(a),
		newSlice(a),
		newLive(a),
		newRecipe(a),
		newDecrypt(a),
		newScrub(a),
		newRecord(a),
		newServe(a),
		newRules(a),
		newExplain(a),
		newMan(root),
	)
	return root
}

// helpTemplate puts examples first, and exit codes last.
const helpTemplate = `{{.Short}}
{{if .Example}}
{{.Example}}
{{end}}
Usage: {{.UseLine}}
{{if .HasAvailableSubCommands}}
Commands:
{{range .Commands}}{{if .IsAvailableCommand}}  {{rpad .Name .NamePadding}} {{.Short}}
{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableInheritedFlags}}
Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}
` + exitHelp

// formatFlag adds -T; the first format is the default.
func formatFlag(flags *pflag.FlagSet, to *string, formats ...string) {
	flags.StringVarP(to, "format", "T", formats[0], "output `FORMAT`: "+strings.Join(formats, ", "))
}

// checkFormat refuses a -T that the command does not have.
func checkFormat(got string, formats ...string) error {
	for _, f := range formats {
		if f == got {
			return nil
		}
	}
	return usage(oneOf(got, formats...), "-T %q is none of %s", got, strings.Join(formats, ", "))
}

// flagError turns cobra's message into ours, with the flag that was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	hint := "wiretale " + strings.TrimPrefix(cmd.CommandPath()+" --help", "wiretale ")
	if flag, ok := strings.CutPrefix(err.Error(), "unknown flag: "); ok {
		if n := spell.Nearest(flag, names); n != "" {
			hint = "did you mean " + n
		}
	}
	return usage(hint, "%w", err)
}

// severities of --fail-on. "warn" is what some type.
var severities = map[string]diag.Severity{"note": diag.Note, "warn": diag.Warning, "warning": diag.Warning, "error": diag.Error}

func runCase(ctx context.Context, a *app, f *caseFlags, args []string) error {
	if err := checkFormat(f.format, "text", "jsonl"); err != nil {
		return err
	}
	if len(f.taps) > 0 {
		return runTaps(ctx, a, f.taps, f.format, args)
	}
	limit, ok := severities[f.failOn]
	if !ok && f.failOn != "" {
		return usage(oneOf(f.failOn, "note", "warning", "error"), "--fail-on %q is none of note, warning, error", f.failOn)
	}
	paths, err := a.pointed(args, f.points)
	if err != nil {
		return err
	}
	c, interrupted := a.analyse(ctx, paths)
	if interrupted != nil && (c == nil || !errors.Is(interrupted, context.Canceled)) {
		return interrupted
	}
	if f.format == "jsonl" {
		err = jsonl.Case(a.out, c)
	} else {
		err = text.Report(a.out, c, view.NewNames(paths), a.style, a.verbose)
	}
	switch {
	case err != nil:
		return err
	case interrupted != nil:
		return errors.Join(a.out.Flush(), interrupted)
	case damaged(c):
		return &exit{code: exitDamaged}
	}
	for i := range c.Findings {
		if limit != 0 && c.Findings[i].Severity >= limit {
			return &exit{code: exitFound}
		}
	}
	return nil
}
