package scenario

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

const varied = `vary DELAY: 2ms | 20ms
vary BYTES: 10 | 2000
vary WAY BLIND: send -bytes {BYTES}, server | take, client
path delay={DELAY} seed={SEED}
run a talk {WAY}
blind {BLIND} nothing
-- a.sh --
echo ${HOME} {WAY}
`

func TestDraw(t *testing.T) {
	seen := map[string]bool{}
	for i := range uint64(100) {
		got, err := draw(varied, rand.New(rand.NewPCG(1, i)))
		if err != nil {
			t.Fatal(err)
		}
		again, _ := draw(varied, rand.New(rand.NewPCG(1, i)))
		if got != again {
			t.Fatalf("one seed gives\n%sand\n%s", got, again)
		}
		way, script, _ := strings.Cut(strings.SplitN(got, "\n", 2)[1], "-- a.sh --\n")
		seen[way] = true
		if strings.Contains(way, "take") != strings.Contains(way, "blind client") {
			t.Errorf("names of one line are drawn apart:\n%s", got)
		}
		if strings.Contains(got, "vary") || strings.Contains(way, "{") || !strings.HasPrefix(script, "echo ${HOME} ") {
			t.Errorf("%s", got)
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d kinds of runs, want 3", len(seen))
	}
}

func TestDrawErrors(t *testing.T) {
	for text, want := range map[string]string{
		"vary A\n":                 "want vary NAME",
		"vary : a\n":               "want vary NAME",
		"vary A B: a, b | c\n":     `"c" is not for 2 names`,
		"path delay={DELAY}\n":     "nothing is said of DELAY",
		"vary A: {B}\nvary B: b\n": "nothing is said of B",
	} {
		if got, err := draw(text, rand.New(rand.NewPCG(1, 1))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// TestVariations draws every file that the lab has: scenarios that cannot be read are found here, and not after an hour.
func TestVariations(t *testing.T) {
	files, err := filepath.Glob("../variations/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	list, err := Vary(7, 20*len(files), files)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, s := range list {
		if names[s.Name] {
			t.Errorf("two are named %s", s.Name)
		}
		names[s.Name] = true
		programs(t, s)
	}
}
