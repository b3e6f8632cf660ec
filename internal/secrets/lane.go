package secrets

import (
	"iter"
	"math"
	"sync"
	"sync/atomic"
)

// Lanes are the keyrings of goroutines that follow connections of a source beside one another. What a connection adds is known to all those that go on
// with it, whichever lane they are in, and each gets what it would get if all were followed in order:
//
//  1. a lane says which record it follows, and what it adds carries that record's number;
//  2. a lane that asks for what connections add waits until all others are at its record, or beyond;
//  3. by then all that stands before it was added, and is taken over in the order of the records.
//
// The lane with the lowest number never waits, so one can always go on, as long as those that wait do not keep it from that: see Lane.Wait.
type Lanes struct {
	of     *Learned
	mu     sync.Mutex
	lanes  []Lane
	wanted atomic.Int64 // the lowest record that a lane waits at
	added  int          // that was not taken over
}

// A Lane is the keyring of one of several goroutines. It is a [proto.Keyring] for the record that was begun last, and not safe for concurrent use.
type Lane struct {
	// Wait calls until, which returns when others have got on. Whoever follows several lanes goes on with the others meanwhile. nil only calls it.
	Wait func(until func())

	all   *Lanes
	at    int64 // record that is followed
	told  int64 // up to which the others know
	done  int64 // all before it was followed
	wake  chan struct{}
	waits bool
	added []addition
}

// An addition is a secret that a connection added and that was not taken over.
type addition struct {
	at  int64
	key [32]byte
	learned
}

// Lanes makes so many keyrings.
func (l *Learned) Lanes(n int) *Lanes {
	all := &Lanes{of: l, lanes: make([]Lane, n)}
	for i := range all.lanes {
		all.lanes[i] = Lane{all: all, told: -1, wake: make(chan struct{}, 1)}
	}
	all.wanted.Store(math.MaxInt64)
	return all
}

// At is one of them.
func (l *Lanes) At(i int) *Lane { return &l.lanes[i] }

// End says that no records follow. From then on lanes are asked one after another.
func (l *Lanes) End() {
	for i := range l.lanes {
		l.lanes[i].Done(math.MaxInt64)
	}
}

// Begin says which record comes, by its number in the order of all records; those before it were followed.
func (l *Lane) Begin(at int64) {
	l.at = at
	if wanted := l.all.wanted.Load(); wanted <= at && l.told < wanted {
		l.Done(at)
	}
}

// Reached says that all records of the lane before the one that was begun last were followed.
func (l *Lane) Reached() { l.Done(l.at) }

// Done says that all records of the lane before one were followed.
func (l *Lane) Done(at int64) {
	all := l.all
	all.mu.Lock()
	defer all.mu.Unlock()
	l.at, l.done, l.told = at, at, at
	all.takeOver(all.settle())
}

// settle wakes who waits at the record that all others have reached, and returns its number.
func (l *Lanes) settle() (least int64) {
	least = math.MaxInt64
	wanted := least
	var next *Lane
	for i := range l.lanes {
		lane := &l.lanes[i]
		if lane.waits && (next == nil || lane.done < wanted) {
			wanted, next = lane.done, lane
		}
		least = min(least, lane.done)
	}
	if next != nil && wanted == least {
		next.waits = false
		next.wake <- struct{}{}
		wanted = math.MaxInt64
		for i := range l.lanes {
			if l.lanes[i].waits {
				wanted = min(wanted, l.lanes[i].done)
			}
		}
	}
	l.wanted.Store(wanted)
	return least
}

// takeOver puts what was added up to a record where all see it, in the order of the records.
func (l *Lanes) takeOver(upTo int64) {
	for l.added > 0 {
		var first *Lane
		for i := range l.lanes {
			if lane := &l.lanes[i]; len(lane.added) > 0 && (first == nil || lane.added[0].at < first.added[0].at) {
				first = lane
			}
		}
		if first == nil || first.added[0].at > upTo {
			return
		}
		a := first.added[0]
		if first.added = first.added[1:]; len(first.added) == 0 {
			first.added = nil
		}
		l.added--
		l.of.own.Put(a.key, a.learned)
	}
}

// turn waits until all that stands before the record was followed, and returns with the lock.
func (l *Lane) turn() {
	all := l.all
	all.mu.Lock()
	l.done, l.told, l.waits = l.at, l.at, true
	all.settle()
	if l.waits {
		all.mu.Unlock()
		until := func() { <-l.wake }
		if l.Wait != nil {
			l.Wait(until)
		} else {
			until()
		}
		all.mu.Lock()
	} else {
		<-l.wake
	}
	all.takeOver(l.at)
}

// Learn adds a secret of the record.
func (l *Lane) Learn(kind string, of, secret []byte, from string) {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	l.added = append(l.added, addition{l.at, learnedKey(kind, of), learned{secret, from}})
	l.all.added++
}

// Secret is the secret that the record finds.
func (l *Lane) Secret(kind string, of []byte) []byte { return l.find(kind, of).value }

// From says where it is from.
func (l *Lane) From(kind string, of []byte) string {
	if from := l.all.of.givenFrom(kind, of); from != "" {
		return from
	}
	return l.find(kind, of).from
}

func (l *Lane) find(kind string, of []byte) learned {
	if s := l.all.of.known(kind, of, l.at); s.value != nil || !resumed(kind) {
		return s
	}
	l.turn()
	defer l.all.mu.Unlock()
	s, _ := l.all.of.own.Get(learnedKey(kind, of))
	return s
}

// Each goes through what the user gave.
func (l *Lane) Each(kind string) iter.Seq2[string, []byte] { return l.all.of.Each(kind) }

// Empty reports whether there is nothing to open the record with.
func (l *Lane) Empty() bool { return l.all.of.empty(l.at) }
