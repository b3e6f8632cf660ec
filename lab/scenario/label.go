package scenario

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// label takes a word that says something of the run before.
func (s *Scenario) label(word, rest string) error {
	if len(s.Runs) == 0 {
		return fmt.Errorf("%s before a run, or unknown", word)
	}
	r := &s.Runs[len(s.Runs)-1]
	words := strings.Fields(rest)
	switch word {
	case "cause":
		r.Cause = rest
	case "where":
		r.Where = rest
	case "rule":
		r.Rule = rest
	case "between":
		if len(words) != 2 {
			return fmt.Errorf("want between POINT POINT")
		}
		r.Between = words
	case "blind":
		if len(words) < 2 {
			return fmt.Errorf("want blind POINT TEXT")
		}
		if r.Blind == nil {
			r.Blind = map[string]string{}
		}
		r.Blind[words[0]] = strings.Join(words[1:], " ")
	case "healthy":
		if rest != "yes" && rest != "no" && rest != "-" {
			return fmt.Errorf("healthy %s: want yes, no or -", rest)
		}
		r.Healthy = rest
	case "keys":
		r.Keys = words
	case "sessions":
		n, err := strconv.Atoi(rest)
		if err != nil || n < 1 {
			return fmt.Errorf("sessions %s", rest)
		}
		r.Sessions = n
	case "plain":
		if !plain.MatchString(rest) {
			return fmt.Errorf("want plain FILE")
		}
		r.Plain = rest
	case "shows":
		n := 0
		if words[0] != "+" {
			var err error
			if n, err = strconv.Atoi(words[0]); err != nil || n < 1 {
				return fmt.Errorf("want shows N FILTER, or shows + FILTER")
			}
		}
		if len(words) < 2 {
			return fmt.Errorf("want shows N FILTER, or shows + FILTER")
		}
		r.Shows = append(r.Shows, Show{n, strings.TrimSpace(strings.TrimPrefix(rest, words[0]))})
	default:
		return fmt.Errorf("unknown word %q", word)
	}
	return nil
}

// Causes are the rules of the label: each of the parts is a choice. The first one is the cause, the others add to it when points are compared.
func (l *Label) Causes() (out [][]string) {
	for part := range strings.SplitSeq(l.Rule, "+") {
		if ids := ruleID.FindAllString(part, -1); len(ids) > 0 {
			out = append(out, ids)
		}
	}
	return out
}

// ruleID is how rules are named; a label may have other words, as the numbers of a catalogue.
var ruleID = regexp.MustCompile(`\b[a-z]+(\.[a-z_]+)+\b`)

// Heading is the first row of the labels.
const Heading = "scenario\tfiles\tcause (what an expert must conclude)\twhere\trule\thealthy\n"

// Row is the run's row of the labels; files are those of its captures.
func (r *Run) Row(files string) string {
	plain := strings.NewReplacer("\t", " ")
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, files, plain.Replace(r.Cause), plain.Replace(r.Where), plain.Replace(r.Rule), r.Healthy)
}
