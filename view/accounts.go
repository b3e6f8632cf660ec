package view

import (
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/stream"
)

// A kin is what sessions are told by together: what was agreed on, and what became of them.
type kin struct{ version, suite, source, why, resumed string }

// Accounts say of the sessions of TLS of a source what was decrypted and with what, and why the others were not, and what to ask for. Sessions of
// which the same is to say are one line, unless each is asked for.
func Accounts(src *engine.Source, each bool) (lines []string) {
	groups := map[kin]int{}
	var list []stream.Account
	var counts []int
	for i := range src.Accounts {
		a := &src.Accounts[i]
		k := kin{a.Version, a.Suite, origin(a.Source), a.Why, kindOf(a.Resumed)}
		at, known := groups[k]
		if !known || each {
			groups[k] = len(list)
			list, counts = append(list, *a), append(counts, 1)
			continue
		}
		sum := &list[at]
		sum.Source, sum.Resumed = k.source, k.resumed
		sum.Opened, sum.Closed, sum.Bytes = sum.Opened+a.Opened, sum.Closed+a.Closed, sum.Bytes+a.Bytes
		counts[at]++
	}
	for i := range list {
		lines = append(lines, accountText(&list[i], counts[i]))
	}
	if src.MoreAccounts > 0 {
		lines = append(lines, fmt.Sprintf("and %d sessions more, which were not counted apart", src.MoreAccounts))
	}
	return lines
}

// origin is where secrets of several sessions are from: a file, whatever its line.
func origin(source string) string {
	if strings.HasPrefix(source, "the session of frame ") {
		return "what earlier sessions agreed on"
	}
	file, _, _ := strings.Cut(source, ", line ")
	return file
}

// kindOf is what several sessions go on with.
func kindOf(resumed string) string {
	if strings.HasPrefix(resumed, "session id ") {
		return "a session id"
	}
	return resumed
}

// accountText is the line of n sessions that begin with a.
func accountText(a *stream.Account, n int) string {
	var what []string
	for _, part := range []string{a.Version, a.Suite} {
		if part != "" {
			what = append(what, part)
		}
	}
	switch {
	case n > 1:
		what = append(what, fmt.Sprintf("%d sessions, the first in frame %d", n, a.Frame))
	case a.Name != "":
		what = append(what, fmt.Sprintf("session of frame %d with %s", a.Frame, a.Name))
	default:
		what = append(what, fmt.Sprintf("session of frame %d", a.Frame))
	}
	if a.Resumed != "" {
		what = append(what, "which goes on with "+a.Resumed)
	}
	return Printable(strings.Join(what, ", ") + ": " + outcome(a))
}

// outcome is what became of a session.
func outcome(a *stream.Account) string {
	records := func(n int64) string {
		if n == 1 {
			return "1 record"
		}
		return fmt.Sprintf("%d records", n)
	}
	with := ""
	if a.Source != "" {
		with = " with " + a.Source
	}
	switch {
	case a.Opened == 0 && a.Closed == 0:
		return "not decrypted: " + a.Why
	case a.Opened == 0:
		return fmt.Sprintf("%s not decrypted: %s", records(a.Closed), a.Why)
	case a.Closed == 0:
		return fmt.Sprintf("%s decrypted, %d bytes in them,%s", records(a.Opened), a.Bytes, with)
	}
	return fmt.Sprintf("%s decrypted, %d bytes in them,%s; %d not, the first in frame %d: %s", records(a.Opened), a.Bytes, with, a.Closed, a.Failed, a.Why)
}

// Explained is the log of decisions on each session of TLS of a source: which keys were looked for, and what was found. There are no secrets in it.
func Explained(src *engine.Source) (lines []string) {
	for i := range src.Accounts {
		a := &src.Accounts[i]
		lines = append(lines, accountText(a, 1))
		for _, step := range a.Steps {
			lines = append(lines, "  "+Printable(step))
		}
	}
	return lines
}
