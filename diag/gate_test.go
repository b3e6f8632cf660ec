package diag_test

import (
	"slices"
	"testing"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

// A rule is withheld by the finding that it names, also when that finding does not name it; a finding that withholds nothing withholds nobody.
func TestWithheldByName(t *testing.T) {
	hit, other := &flow.Conversation{ID: 0}, &flow.Conversation{ID: 1}
	for _, c := range []struct {
		name     string
		silences []string
		want     []int // conversations that the rule may judge
	}{
		{"it withholds another rule", []string{"test.other"}, []int{1}},
		{"it withholds nothing", nil, []int{0, 1}},
	} {
		quality := &diag.Rule{ID: "cap.test", Quality: true, Run: func(*diag.Input) []diag.Finding {
			return []diag.Finding{{Severity: diag.Warning, Conversations: []*flow.Conversation{hit}, Silences: c.silences, Why: "w"}}
		}}
		judge := &diag.Rule{ID: "test.judge", WithheldBy: []string{"cap.test"}}
		var judged []int
		judge.Run = func(in *diag.Input) []diag.Finding {
			for _, conv := range []*flow.Conversation{hit, other} {
				if !in.Withhold(judge, conv) {
					judged = append(judged, conv.ID)
				}
			}
			return nil
		}
		found, withheld := diag.Run([]*diag.Rule{quality, judge}, &diag.Input{})
		if !slices.Equal(judged, c.want) || len(withheld) != 2-len(c.want) {
			t.Errorf("%s: it judged %v, want %v; withheld %v", c.name, judged, c.want, withheld)
		}
		if says := slices.Contains(found[0].Silences, "test.judge"); says != (len(c.silences) > 0) {
			t.Errorf("%s: the finding says that it withholds %v", c.name, found[0].Silences)
		}
	}
}
