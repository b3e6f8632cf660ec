package flow

import (
	"math/rand/v2"
	"testing"

	"github.com/wiretale/wiretale/trace"
)

// TestExamplesAreTheFirst: lanes that share hosts are not followed in order of
// the records, and the examples of a host are its first ones all the same.
func TestExamplesAreTheFirst(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 60 {
		var first Moment
		var list []Moment
		for _, i := range random.Perm(n) {
			example(&first, &list, &Moment{Pos: trace.Pos{Number: int64(i + 1)}, Time: int64(i)})
		}
		if len(list) != min(n, maxExamples) {
			t.Fatalf("%d examples of %d", len(list), n)
		}
		for i, m := range list {
			if m.Pos.Number != int64(i+1) {
				t.Fatalf("example %d of %d is record %d", i, n, m.Pos.Number)
			}
		}
		if n > 0 && first != list[0] {
			t.Fatalf("the first is %v, not %v", first, list[0])
		}
	}
}
