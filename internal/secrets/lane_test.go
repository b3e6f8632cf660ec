package secrets

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tls"
)

// An act is what a connection does at one record.
type act struct {
	lane  int
	learn bool
	of    string
}

// do does it, and says what came of it.
func (a act) do(k proto.Keyring, at int) string {
	if a.learn {
		k.Learn(tls.SecretSession, []byte(a.of), fmt.Append(nil, at), fmt.Sprint("record ", at))
		return ""
	}
	return fmt.Sprintf("%s of %s", k.Secret(tls.SecretSession, []byte(a.of)), k.From(tls.SecretSession, []byte(a.of)))
}

// forgetful holds few sessions, so that what is forgotten counts.
func forgetful() *Learned {
	l := NewLearned(nil)
	l.own = proto.NewTable[[sha256.Size]byte, learned](4, 1<<20)
	return l
}

// TestLanesKnowTheSame: whichever lane is ahead, each finds at a record what it would find if all were followed in order, also what was forgotten by then.
func TestLanesKnowTheSame(t *testing.T) {
	const lanes, records, block = 5, 3000, 100
	random := rand.New(rand.NewPCG(1, 2))
	acts := make([]act, records)
	for i := range acts {
		acts[i] = act{random.IntN(lanes), random.IntN(3) == 0, fmt.Sprint(random.IntN(12))}
	}
	want := make([]string, records)
	inOrder, found := forgetful(), 0
	for i, a := range acts {
		if want[i] = a.do(inOrder, i); len(want[i]) > len(" of ") {
			found++
		}
	}
	if found < records/10 || found > records*6/10 {
		t.Fatalf("%d of %d acts find something", found, records)
	}
	got := make([]string, records)
	all := forgetful().Lanes(lanes)
	var done sync.WaitGroup
	for l := range lanes {
		done.Go(func() {
			k := all.At(l)
			for from := 0; from < records; from += block {
				for i := from; i < from+block; i++ {
					if acts[i].lane == l {
						k.Begin(int64(i))
						got[i] = acts[i].do(k, i)
					}
				}
				k.Done(int64(from + block))
			}
		})
	}
	done.Wait()
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("record %d in lane %d: %q, in order %q", i, acts[i].lane, got[i], want[i])
		}
	}
	all.End()
	for i, a := range []act{{0, true, "end"}, {3, false, "end"}, {1, false, acts[records-1].of}} {
		if got, want := a.do(all.At(a.lane), i), a.do(inOrder, i); got != want {
			t.Errorf("behind the end: %q, in order %q", got, want)
		}
	}
}

// TestBlocksFromTheirRecordOn: what stands before a block of secrets knows nothing of it, whenever it asks.
func TestBlocksFromTheirRecordOn(t *testing.T) {
	l := NewLearned(nil)
	lane := l.Lanes(1).At(0)
	log := fmt.Sprintf("CLIENT_RANDOM %064x %096x\n", 1, 2)
	l.KeyLog([]byte(log), "a block", 10)
	random := append(make([]byte, 31), 1)
	for at, known := range map[int64]bool{0: false, 10: false, 11: true, 500: true} {
		lane.Begin(at)
		if got := lane.Secret(tls.SecretMaster, random) != nil; got != known || lane.Empty() == known {
			t.Errorf("at record %d: known %t, empty %t", at, got, lane.Empty())
		}
	}
	if l.Empty() || l.From(tls.SecretMaster, random) != "a block" {
		t.Error("in order the block is not known")
	}
}
