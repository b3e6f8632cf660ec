package point

import (
	"fmt"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/request"
)

// TestSplits holds the parts of requests to the truth: the server thinks for as long as it does, and the rest is on the way. One point lacks every seventh request.
func TestSplits(t *testing.T) {
	ro := route{clocks: []simClock{{}, {offset: 300 * ms}, {offset: time.Hour, drift: 40}}, forth: []time.Duration{ms, 2 * ms}, back: []time.Duration{4 * ms, 3 * ms},
		jitter: 100 * time.Microsecond, length: 20 * time.Second, think: 5 * ms}
	r, all := ro.analyse(t, 3)
	var list []request.Request
	convs := [routeConversations][3]int{}
	for _, s := range r.sighted() {
		for p, c := range s.convs {
			convs[int(r.Conv(c).Ends[1].Addr().As4()[3])-1][p] = int(c)
		}
	}
	asked := map[int]map[int]time.Duration{} // by question and point
	for p, records := range all {
		open := map[int]request.Request{}
		for k, rec := range records {
			var n int
			mark := request.Mark{Number: int64(k + 1), Time: rec.time}
			if _, err := fmt.Sscanf(string(rec.frame[42:]), "question %d of", &n); err == nil {
				open[n] = request.Request{Source: p, Conv: convs[n%routeConversations][p], Name: fmt.Sprint("name ", n%5), Asked: mark, Sent: mark, Depth: 1}
				if asked[n] == nil {
					asked[n] = map[int]time.Duration{}
				}
				asked[n][p] = rec.at
			} else if _, err := fmt.Sscanf(string(rec.frame[42:]), "answer %d of", &n); err == nil && (p != 2 || n%7 != 0) {
				q := open[n]
				q.First, q.Last = mark, mark
				list = append(list, q)
			}
		}
	}
	l := request.List{Requests: list}
	l.Sort()
	list = l.Requests
	splits := r.Splits(list)
	whole := 0
	for _, q := range list {
		if q.Source == 2 {
			whole++
		}
	}
	if len(splits)*100 < whole*95 || len(splits) > whole {
		t.Errorf("%d requests are split of %d that both points have", len(splits), whole)
	}
	for _, s := range splits {
		a, b := &list[s.Asked], &list[s.Answered]
		var n int
		fmt.Sscanf(string(all[0][a.Asked.Number-1].frame[42:]), "question %d of", &n)
		if got := string(all[2][b.Asked.Number-1].frame[42:]); got != fmt.Sprintf("question %d of the client", n) {
			t.Fatalf("question %d is paired with %q", n, got)
		}
		if (time.Duration(s.Server)-ro.think).Abs() > time.Microsecond || s.From != 0 || s.To != 2 {
			t.Errorf("question %d: %v at the server, want %v", n, time.Duration(s.Server), ro.think)
		}
		there := asked[n][2] - asked[n][0]
		if off := (time.Duration(s.There) - there).Abs(); off > time.Duration(s.Error) || s.Network != s.There+s.Back || s.Error > int64(6*ms) {
			t.Errorf("question %d: %v on the way there ± %v, want %v", n, time.Duration(s.There), time.Duration(s.Error), there)
		}
	}
	shares := Shares(splits)
	if len(shares) != 1 || shares[0].N != len(splits) || (time.Duration(shares[0].Median[0])-ro.think).Abs() > time.Microsecond || time.Duration(shares[0].Median[1]) < 10*ms || time.Duration(shares[0].Median[1]) > 11*ms {
		t.Errorf("shares %+v", shares)
	}
}
