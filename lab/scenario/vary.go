package scenario

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Vary makes n scenarios of the files, which are scenarios with words that are drawn: the first of the first file, the
// second of the second, and so on around. The same seed gives the same scenarios. A line of the comment
//
//	vary NAME ...: WORDS | WORDS | ...
//
// says what may stand where the file has {NAME}, below it. Several names are drawn together: what they stand for is parted by commas.
// {SEED} is a number that no other scenario has.
func Vary(seed uint64, n int, files []string) (out []*Scenario, err error) {
	for i := range n {
		file := files[i%len(files)]
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		number := fmt.Sprintf("%d_%02d", seed, i/len(files))
		drawn, err := draw(string(text), rand.New(rand.NewPCG(seed, uint64(i))))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		s, err := Parse(name+"_"+number, []byte(drawn))
		if err != nil {
			return nil, err
		}
		for i := range s.Runs {
			s.Runs[i].Name += "_" + number
		}
		out = append(out, s)
	}
	return out, nil
}

// place is where a name stands. Scripts have braces too, but no names in capitals in them without a $.
var place = regexp.MustCompile(`(\$?)\{([A-Z][A-Z0-9]*)\}`)

// draw chooses the words of a scenario. The lines that say what may stand there are gone.
func draw(text string, random *rand.Rand) (string, error) {
	words := map[string]string{"SEED": fmt.Sprint(random.Uint32())}
	var kept strings.Builder
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "vary ")
		if !ok {
			kept.WriteString(line)
			continue
		}
		if err := choose(rest, random, words); err != nil {
			return "", fmt.Errorf("vary %s: %w", strings.TrimSpace(rest), err)
		}
	}
	return fill(kept.String(), words)
}

// fill puts words where their names stand.
func fill(text string, words map[string]string) (string, error) {
	var missing []string
	out := place.ReplaceAllStringFunc(text, func(at string) string {
		name := strings.Trim(at, "{}")
		if at[0] == '$' {
			return at
		}
		if _, ok := words[name]; !ok && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
		return words[name]
	})
	if len(missing) > 0 {
		return "", fmt.Errorf("nothing is said of %s", strings.Join(missing, ", "))
	}
	return out, nil
}

// choose draws what the names of a line stand for.
func choose(line string, random *rand.Rand, words map[string]string) error {
	heading, rest, ok := strings.Cut(line, ":")
	names := strings.Fields(heading)
	if !ok || len(names) == 0 {
		return fmt.Errorf("want vary NAME ...: WORDS | WORDS")
	}
	choices := strings.Split(rest, "|")
	for _, c := range choices { // all of them, so that a mistake does not wait for its draw
		if len(names) > 1 && strings.Count(c, ",") != len(names)-1 {
			return fmt.Errorf("%q is not for %d names", strings.TrimSpace(c), len(names))
		}
	}
	drawn, err := fill(choices[random.IntN(len(choices))], words)
	if err != nil {
		return err
	}
	parts := []string{drawn}
	if len(names) > 1 {
		parts = strings.Split(drawn, ",")
	}
	for i, name := range names {
		words[name] = strings.TrimSpace(parts[i])
	}
	return nil
}
