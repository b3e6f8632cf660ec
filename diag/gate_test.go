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

// A finding is no more than likely where one of its conversations was recorded in a way that its rule names, or the whole source was.
func TestDoubted(t *testing.T) {
	hit, other := &flow.Conversation{ID: 0}, &flow.Conversation{ID: 1, Source: 1}
	for _, c := range []struct {
		name       string
		everywhere bool
		doubts     []string
		sure, want diag.Confidence
		on         []*flow.Conversation
	}{
		{"of the conversation", false, []string{"cap.test"}, diag.Proven, diag.Likely, []*flow.Conversation{hit}},
		{"of one of them", false, []string{"cap.test"}, diag.Proven, diag.Likely, []*flow.Conversation{other, hit}},
		{"of another", false, []string{"cap.test"}, diag.Proven, diag.Proven, []*flow.Conversation{other}},
		{"of the source", true, []string{"cap.test"}, diag.Proven, diag.Likely, []*flow.Conversation{hit}},
		{"of another source", true, []string{"cap.test"}, diag.Proven, diag.Proven, []*flow.Conversation{other}},
		{"not named", false, nil, diag.Proven, diag.Proven, []*flow.Conversation{hit}},
		{"less sure already", false, []string{"cap.test"}, diag.Possible, diag.Possible, []*flow.Conversation{hit}},
	} {
		quality := &diag.Rule{ID: "cap.test", Quality: true, Run: func(*diag.Input) []diag.Finding {
			f := diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Everywhere: c.everywhere}
			if !c.everywhere {
				f.Conversations = []*flow.Conversation{hit}
			}
			return []diag.Finding{f}
		}}
		judge := &diag.Rule{ID: "test.judge", DoubtedBy: c.doubts, Run: func(*diag.Input) []diag.Finding {
			return []diag.Finding{{Severity: diag.Error, Confidence: c.sure, Conversations: c.on}}
		}}
		found, _ := diag.Run([]*diag.Rule{quality, judge}, &diag.Input{})
		i := slices.IndexFunc(found, func(f diag.Finding) bool { return f.Rule == judge })
		if i < 0 || found[i].Confidence != c.want {
			t.Errorf("doubts %s: %v, want %v", c.name, found, c.want)
		}
	}
}
