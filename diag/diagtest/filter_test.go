package diagtest

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture"
)

// The question that is put to tshark for all filters at once finds each one that is wrong.
func TestLacking(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	traces, err := fixture.Parse([]byte(`
-- a.etl --
trace windows=10.0.26100
0 event 0 PktMon 20 v0 Id=9 Type=11 Name="tcpip.sys" Description="TCP/IPv4"
0.1 packet 0 out 10.0.0.1:50000 > 10.0.0.9:443 S seq=100
0.2 packet 0 out 10.0.0.1:50001 > 10.0.0.9:443 S seq=100 id=2 at=9/0 media=ip
`))
	if err != nil {
		t.Fatal(err)
	}
	path, _ := Analyse(t, traces[0])
	capture, numbers := asCapture(t, path)
	if len(numbers) != 2 {
		t.Fatalf("packets %v, want 2", numbers)
	}
	good := claim{"good", "tcp.stream == 1 || tcp.stream == 0", []int64{1, 2}}
	for _, c := range []struct {
		claims []claim
		want   string
	}{
		{[]claim{good}, ""},
		{[]claim{good, {"events", "ip.src == 10.0.0.1", nil}}, ""},
		{[]claim{good, {"narrow", "tcp.stream == 0", []int64{1, 2}}}, "narrow: the filter tcp.stream == 0 does not show frame 2"},
		{[]claim{{"narrow", "tcp.stream == 1", []int64{1}}, good}, "narrow: the filter tcp.stream == 1 does not show frame 1"},
		{[]claim{good, {"words", "tcp.streem == 0", nil}}, "tcp.streem"},
	} {
		var got []string
		for _, err := range lacking(capture, c.claims) {
			got = append(got, err.Error())
		}
		if text := strings.Join(got, "\n"); c.want == "" && text != "" || c.want != "" && (len(got) != 1 || !strings.Contains(text, c.want)) {
			t.Errorf("%+v: %q, want %q", c.claims, text, c.want)
		}
	}
}
