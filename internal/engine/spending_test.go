package engine

import (
	"context"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/budget"
)

// TestPartsAddUp holds the cost of findings to the time of their conversations, over all shared captures: the parts of a
// conversation's time add up to it, no time counts for two findings, and none is outside of it.
func TestPartsAddUp(t *testing.T) {
	files, spent, costs := 0, 0, 0
	for _, dir := range []string{"app", "bad", "etl", "formats", "lab", "link", "netmon", "rebuilt", "smb2", "tcp", "tls", "tso", "twosided"} {
		err := filepath.WalkDir(filepath.Join("../../../shared/captures", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil
			}
			c, err := Analyse(context.Background(), []string{path}, Options{})
			if err != nil {
				return nil // not a trace
			}
			files++
			for i := range c.Spendings {
				s := &c.Spendings[i]
				var sum int64
				for _, ns := range s.Budget.Parts() {
					sum += ns
				}
				b := s.Budget
				if sum != b.Total() || sum < s.Conv.Last.Time-s.Conv.First.Time || b[0].From > s.Conv.First.Time {
					t.Errorf("%s, conversation %d: parts add up to %d, total %d", path, s.Conv.ID, sum, b.Total())
				}
				if s.Lost > sum {
					t.Errorf("%s, conversation %d: findings cost %d ns of %d", path, s.Conv.ID, s.Lost, sum)
				}
				spent++
			}
			counted := map[int]budget.Times{}
			for i := range c.Findings {
				f := &c.Findings[i]
				if !f.Rule.Quality && len(f.Conversations) > 0 && (f.Filter == "" || f.NetMonFilter == "") {
					t.Errorf("%s: %s has the filters %q and %q", path, f.Rule.ID, f.Filter, f.NetMonFilter)
				}
				if f.Cost <= 0 || len(f.Conversations) == 0 {
					continue
				}
				costs++
				var all budget.Times
				for _, conv := range f.Conversations {
					own := f.Claimed(conv)
					all = all.With(own)
					if again := counted[conv.ID].And(own); len(again) > 0 {
						t.Errorf("%s: %s counts time of conversation %d that another finding counts: %v", path, f.Rule.ID, conv.ID, again)
					}
					counted[conv.ID] = counted[conv.ID].With(own)
				}
				if time.Duration(all.Length()) != f.Cost {
					t.Errorf("%s: %s costs %v, of conversations %v", path, f.Rule.ID, f.Cost, time.Duration(all.Length()))
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files == 0 {
		t.Skip("the shared captures are not here")
	}
	t.Logf("%d files, %d conversations with their time, %d findings with a cost", files, spent, costs)
	if spent < 50 || costs < 50 {
		t.Errorf("only %d conversations and %d findings", spent, costs)
	}
}

// TestPostsSpend: what the conversations of posts 2 and 4 spent is what their findings say.
func TestPostsSpend(t *testing.T) {
	for _, of := range []struct {
		file      string
		cause     budget.Cause
		took, all time.Duration
	}{
		{"post2_A_sccm.pcapng", budget.Client, 236 * time.Millisecond, 320 * time.Millisecond},
		{"post4_lso.pcapng", budget.Held, 199700 * time.Microsecond, 207100 * time.Microsecond},
	} {
		c, err := Analyse(context.Background(), []string{filepath.Join("../../../shared/captures/rebuilt", of.file)}, Options{})
		if err != nil {
			t.Skip("the shared captures are not here")
		}
		b := c.Spendings[0].Budget
		if of.cause == budget.Client { // the requests of the file
			s := c.Findings[0]
			if s.Cost.Round(time.Millisecond) != of.took {
				t.Errorf("%s: the finding costs %v, want %v", of.file, s.Cost, of.took)
			}
			first, last := int64(0), int64(0)
			for i := range c.Requests.Requests {
				if r := &c.Requests.Requests[i]; r.Command == "Read" && r.Answered() {
					if first == 0 {
						first = r.Asked.Time
					}
					last = r.Last.Time
				}
			}
			b = b.Between(first, last)
		}
		took, all := time.Duration(b.Parts()[of.cause]), time.Duration(b.Total())
		if (took-of.took).Abs() > 500*time.Microsecond || (all-of.all).Abs() > 500*time.Microsecond {
			t.Errorf("%s: %v is %v of %v, want %v of %v", of.file, of.cause, took, all, of.took, of.all)
		}
	}
}
