package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/cleartext"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/capture"
)

type decryptFlags struct {
	outputFlags
	as, filter, ports, others string
	streams                   []int
	redact                    bool
}

// Forms of --as.
const (
	asClear   = "clear"
	asSecrets = "secrets"
	asPDU     = "pdu"
)

func newDecrypt(a *app) *cobra.Command {
	var f decryptFlags
	cmd := &cobra.Command{
		Use:   "decrypt FILE --keys KEYS -w OUT",
		Short: "Write what TLS carried as a capture that every program reads, or hand on one conversation without the private key",
		Example: `  wiretale decrypt --keys server.pem x.pcapng -w clear.pcapng
  wiretale decrypt --keys keys.log -Y 'http.host == "example.com"' --redact x.pcapng -w clear.pcapng
  wiretale decrypt --keys server.pem --as secrets --stream 3 --others drop x.pcapng -w for_a_colleague.pcapng
  wiretale decrypt --keys keys.log --as pdu x.pcapng -w messages.pcapng`,
		RunE: func(cmd *cobra.Command, args []string) error { return runDecrypt(cmd.Context(), a, &f, args) },
	}
	flags := cmd.Flags()
	f.addPath(cmd)
	flags.StringVar(&f.as, "as", asClear, "`FORM` of the output: clear (connections of TCP that carry what was encrypted), secrets (the capture as it is, with the secrets that open the chosen conversations, and no others), pdu (each message alone, for Wireshark)")
	filterFlag(cmd, &f.filter, "only conversations with a packet")
	flags.IntSliceVar(&f.streams, "stream", nil, "only the conversation with the number `N` of tcp.stream; may be given several times")
	flags.StringVar(&f.ports, "port-map", "", "which port of a server becomes which with --as clear: `FROM:TO,...`, FROM a port or *, TO a port or keep; these come before "+cleartext.UsualPorts)
	flags.StringVar(&f.others, "others", "", "`WHAT` becomes of packets of other conversations, and of those that were not opened: drop, keep; without it keep with --as secrets, drop else")
	flags.BoolVar(&f.redact, "redact", false, "blank passwords, cookies and tokens, and what no rule looks through; lengths stay")
	return cmd
}

// check refuses what does not go together.
func (f *decryptFlags) check(a *app) error {
	switch f.as {
	case asClear, asSecrets, asPDU:
	default:
		return usage(oneOf(f.as, asClear, asSecrets, asPDU), "--as %q is none of %s, %s, %s", f.as, asClear, asSecrets, asPDU)
	}
	switch {
	case f.others == "" && f.as == asSecrets:
		f.others = "keep"
	case f.others == "":
		f.others = "drop"
	case f.others != "keep" && f.others != "drop":
		return usage(oneOf(f.others, "drop", "keep"), "--others %q is none of drop, keep", f.others)
	case f.others == "keep" && f.as == asPDU:
		return usage("--as clear has a place for them", "--others keep: a file of messages has no place for packets")
	}
	switch {
	case f.redact && f.as == asSecrets:
		return usage("--as clear, or scrub", "--redact: what is encrypted cannot be changed")
	case f.redact && f.others == "keep":
		return usage("wiretale scrub replaces in all packets", "--redact --others keep: packets of others are copied as they are, with what is in them")
	}
	if f.ports != "" && f.as != asClear {
		return usage("", "--port-map is for --as clear")
	}
	return f.checkPath(a)
}

func runDecrypt(ctx context.Context, a *app, f *decryptFlags, args []string) error {
	if err := f.check(a); err != nil {
		return err
	}
	ports, err := cleartext.ParsePorts(f.ports)
	if err != nil {
		return usage("for example 443:8080,*:keep", "--port-map: %w", err)
	}
	d := decryption{app: a, flags: f, ports: ports, survey: cleartext.NewSurvey()}
	d.survey.Redact = f.redact
	if f.filter != "" {
		if d.want, err = a.filter(f.filter); err != nil {
			return err
		}
	}
	if d.named, err = a.files(args); err != nil {
		return err
	}
	if len(d.named) > 1 {
		return usage("wiretale merge makes one of them", "decrypt takes one file, not %d", len(d.named))
	}
	paths, done, err := a.twice(d.named)
	if err != nil {
		return err
	}
	defer done()
	return d.run(ctx, paths)
}

// A decryption is a capture on its way into one that is open.
type decryption struct {
	*app
	flags  *decryptFlags
	ports  cleartext.Ports
	named  []string
	want   *filter.Filter // nil to take all
	survey *cleartext.Survey
	chosen map[cleartext.Key]bool // by the filter and --stream; nil for all
	known  *engine.Case           // of the first pass
	out    *output
	left   map[string]int64 // records that were left out, by kind
	others int64            // packets of others that were left out
	opened map[cleartext.Key]bool
	clear  *cleartext.Writer // of --as clear

	redacted, blanked int64 // credentials, and bytes that nobody looked through
}

func (d *decryption) run(ctx context.Context, paths []string) error {
	if err := d.look(ctx, paths); err != nil {
		return err
	}
	if err := d.locked(d.known); err != nil {
		return err
	}
	d.known = nil // its conversations are needed no more
	d.opened = map[cleartext.Key]bool{}
	for _, k := range d.survey.All() {
		if d.chooses(k) && (d.flags.as == asSecrets || d.survey.Opened(k)) {
			d.opened[k] = true
		}
	}
	if len(d.opened) == 0 {
		return d.nothing()
	}
	d.left = map[string]int64{}
	if d.flags.as == asSecrets { // nothing is opened any more
		d.applications = nil
	}
	lost, err := d.pass(ctx, paths, engine.Options{Rules: []*diag.Rule{}}, func(run *engine.Run) error { return d.write(run) })
	if err != nil {
		return err
	}
	d.report()
	return d.damage(lost)
}

// look makes the first pass.
func (d *decryption) look(ctx context.Context, paths []string) error {
	var first *engine.Case
	if d.want != nil && d.want.Final() {
		c, err := d.analyse(ctx, paths)
		if err != nil {
			return err
		}
		first = c
	}
	d.applications = d.choice()
	d.applications.Hear, d.applications.Observe, d.applications.Inside = d.survey.Hear, d.survey.Observe, true
	match := d.matcher()
	c, err := d.pass(ctx, paths, engine.Options{Case: first, Rules: []*diag.Rule{}}, func(run *engine.Run) error { return run.Each(match) })
	d.known = c
	return err
}

// matcher notes the conversations of the choice.
func (d *decryption) matcher() func(*engine.Row) error {
	if d.want == nil && len(d.flags.streams) == 0 {
		return nil
	}
	d.chosen = map[cleartext.Key]bool{}
	match := func(*engine.Row) bool { return true }
	if d.want != nil {
		match = d.want.Matcher().Match
	}
	return func(row *engine.Row) error {
		conv := conversationOf(row)
		if conv == nil || len(d.flags.streams) > 0 && (conv.TCP == nil || !slices.Contains(d.flags.streams, conv.Stream)) {
			return nil
		}
		if match(row) {
			d.chosen[cleartext.KeyOf(conv)] = true
		}
		return nil
	}
}

func conversationOf(row *engine.Row) *flow.Conversation {
	if row.Sighting == nil {
		return nil
	}
	return row.Sighting.Conv
}

func (d *decryption) chooses(k cleartext.Key) bool { return d.chosen == nil || d.chosen[k] }

// nothing says that there is nothing to write.
func (d *decryption) nothing() error {
	hint := "wiretale --keys ... --explain-tls FILE says what was decided of each session"
	if d.secrets == nil {
		hint = "--keys names a private key, or a key log"
	}
	if d.chosen != nil {
		return usage(hint, "none of the %d chosen conversations was opened: nothing is written", len(d.chosen))
	}
	return usage(hint, "no conversation was opened: nothing is written")
}

// write makes the second pass.
func (d *decryption) write(run *engine.Run) error {
	out, w, err := d.startPrivate(d.flags.path, d.named)
	if err != nil {
		return err
	}
	section := trace.Section{Application: writtenBy(), Comments: []string{d.comment()}}
	out.Writer, d.out = capture.NewPcapNG(w, capture.Options{Joined: d.flags.as != asSecrets, Section: section}), out
	d.warn()
	switch d.flags.as {
	case asSecrets:
		err = d.asSecrets(run)
	case asPDU:
		err = d.asPDU(run)
	default:
		err = d.asClear(run)
	}
	return out.finish(d.app, err)
}

// comment is what the header of the file says.
func (d *decryption) comment() string {
	return fmt.Sprintf("Decrypted from %s by wiretale: comments of packets name the frames of that file. It holds what was encrypted, in clear text.", view.Printable(filepath.Base(d.named[0])))
}

// warn says what the file holds.
func (d *decryption) warn() {
	if d.quiet {
		return
	}
	what := "what was encrypted, in clear text: passwords and cookies are in it"
	switch {
	case d.flags.as == asSecrets:
		what = "the secrets that open these conversations: whoever has it can read them"
	case d.flags.redact:
		what = "what was encrypted, in clear text, without the credentials that were found"
	}
	fmt.Fprintf(d.stderr, "wiretale: WARNING: %s holds %s\n", d.flags.path, what)
}

// asClear writes connections of TCP that carry what was encrypted.
func (d *decryption) asClear(run *engine.Run) error {
	info := run.Infos()[0]
	d.survey.Done()
	w := cleartext.NewWriter(d.survey, d.chooses, d.ports, func(rec *trace.Record) error { return d.out.write(info, rec) })
	d.applications.Hear, d.applications.Observe = w.Listen, nil
	err := run.Each(func(row *engine.Row) error {
		conv := conversationOf(row)
		switch {
		case row.Record.Kind == trace.Names:
			return d.out.write(row.Info, row.Record)
		case row.Record.Kind != trace.Packet:
			d.left[recordNames[row.Record.Kind]]++
		case w.Writes(conv):
			return w.Packet(row.Packet, row.Sighting)
		case d.flags.others == "drop":
			d.others++
		default:
			if conv != nil {
				w.Other(conv)
			}
			return d.out.write(row.Info, row.Record)
		}
		return w.Err()
	})
	if err == nil {
		run.Case() // what still waits is heard
		err = w.Err()
	}
	d.clear, d.redacted, d.blanked = w, w.Redacted, w.Blanked
	return err
}

// asSecrets copies the capture, with the secrets of the choice in front.
func (d *decryption) asSecrets(run *engine.Run) error {
	info := run.Infos()[0]
	text, _ := d.survey.KeyLog(d.chooses)
	if err := d.out.Describe(0, info); err != nil {
		return err
	}
	const keyLog = 0x544c534b // "TLSK"
	if err := d.out.write(info, &trace.Record{Kind: trace.Secrets, Block: keyLog, Data: text}); err != nil {
		return err
	}
	return run.Each(func(row *engine.Row) error {
		conv := conversationOf(row)
		switch {
		case row.Record.Kind == trace.Secrets:
			d.left[recordNames[trace.Secrets]]++
			return nil
		case d.flags.others == "drop" && row.Record.Kind == trace.Packet && (conv == nil || !d.opened[cleartext.KeyOf(conv)]):
			d.others++
			return nil
		case row.Record.Kind == trace.Packet:
			annotate(row)
		}
		return d.out.write(row.Info, row.Record)
	})
}

// asPDU writes messages.
func (d *decryption) asPDU(run *engine.Run) error {
	info := run.Infos()[0]
	w := cleartext.NewPDUs(d.survey, d.chooses, func(rec *trace.Record) error { return d.out.write(info, rec) })
	d.applications.Hear, d.applications.Observe = w.Hear, w.Observe
	err := run.Each(func(row *engine.Row) error {
		if row.Record.Kind == trace.Packet && !d.opened[keyOf(row)] {
			d.others++
		}
		return w.Err()
	})
	if err == nil {
		run.Case()
		err = w.Err()
	}
	d.redacted, d.blanked = w.Redacted, w.Blanked
	return err
}

func keyOf(row *engine.Row) cleartext.Key {
	if conv := conversationOf(row); conv != nil {
		return cleartext.KeyOf(conv)
	}
	return cleartext.Key{Source: -1}
}

// report says what was written, and what was not.
func (d *decryption) report() {
	if d.quiet {
		return
	}
	say := func(format string, args ...any) { fmt.Fprintf(d.stderr, "wiretale: "+format+"\n", args...) }
	what := map[string]string{asClear: "decrypted", asSecrets: "can be opened with it", asPDU: "decrypted, each message alone"}[d.flags.as]
	say("%s: conversations of TCP in %s: %d; %s: %d; packets: %d", d.flags.path, d.named[0], d.survey.Talks, what, len(d.opened), d.out.packets)
	if d.others > 0 {
		hint := ""
		if d.flags.as == asClear && !d.flags.redact {
			hint = "; --others keep copies them"
		}
		say("left out: packets of other conversations, and of those that were not opened (%d)%s", d.others, hint)
	}
	for _, kind := range slices.Sorted(maps.Keys(d.left)) {
		say("left out: %s (%d)", kind, d.left[kind])
	}
	if w := d.clear; w != nil && w.Kept > 0 {
		say("ports that stay as they are, for other connections have those that they would get (%d)", w.Kept)
	}
	if d.flags.redact {
		say("blanked: passwords, cookies and tokens (%d), bytes of what no rule looks through (%d)", d.redacted, d.blanked)
	}
}
