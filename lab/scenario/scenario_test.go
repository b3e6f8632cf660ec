package scenario

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const good = `# A comment.

needs nc netcat
path delay=5ms loss=0.01 seed=3
snap 96
ipv6 yes
after 2s
beside nc $SERVER 9
file data/big.bin 1000
server 7000 nc -l $SERVER 7000
server 53/udp nc -u -l
proxy 8080 nc -l 8080
address 10.1.2.3
wants chromium chromium
prepare openssl req
router nft -f $DIR/nft
router true

run one nc $SERVER 7000
cause a	tab is none of a row
where server
rule tcp.loss.fast (T7), tcp.loss.rto + path.loss.location (X1)
between rtr_out server
blind server it is behind
healthy no
keys a.key b.log
sessions 2
plain sent
shows 3 http.response.code == 200
shows + tcp
run two nc
cause nothing
where -
rule -
healthy yes
-- etc/conf --
dir $DIR
`

func TestParse(t *testing.T) {
	s, err := Parse("x", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if s.Path.Delay != 5*time.Millisecond || s.Snap != 96 || !s.IPv6 || s.After != 2*time.Second || strings.Join(s.Beside[0], " ") != "nc $SERVER 9" || len(s.Runs) != 2 || len(s.Files) != 1 || s.Random[0] != (Random{"data/big.bin", 1000}) ||
		s.Needs[0] != (Need{"nc", "netcat"}) || s.Servers[0].Port != 7000 || strings.Join(s.Servers[0].Command, " ") != "nc -l $SERVER 7000" {
		t.Errorf("%+v", s)
	}
	if s.Servers[1].Network != "udp" || s.Servers[1].Port != 53 || s.Servers[0].Network != "tcp" || s.Proxies[0].Port != 8080 || s.Addresses[0].String() != "10.1.2.3" ||
		s.Wants[0].Program != "chromium" || len(s.Prepare) != 1 || len(s.Points()) != 4 {
		t.Errorf("%+v", s)
	}
	one, two := &s.Runs[0], &s.Runs[1]
	if fmt.Sprint(one.Causes(), two.Causes()) != "[[tcp.loss.fast tcp.loss.rto] [path.loss.location]] []" {
		t.Error(one.Causes(), two.Causes())
	}
	if len(one.Router) != 2 || len(two.Router) != 0 || one.Blind["server"] != "it is behind" || fmt.Sprint(one.Between) != "[rtr_out server]" ||
		fmt.Sprintf("%+v", one.Opened) != "{Keys:[a.key b.log] Sessions:2 Plain:sent Shows:[{Rows:3 Filter:http.response.code == 200} {Rows:0 Filter:tcp}]}" {
		t.Errorf("%+v", one)
	}
	if got, want := s.Runs[0].Row("x/one_*"), "one\tx/one_*\ta tab is none of a row\tserver\ttcp.loss.fast (T7), tcp.loss.rto + path.loss.location (X1)\tno\n"; got != want {
		t.Errorf("row %q, want %q", got, want)
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	const labels = "\ncause c\nwhere -\nrule -\nhealthy -\n"
	for _, c := range []struct{ text, want string }{
		{"", "nothing to run"},
		{"snap", "x:1: snap says nothing"},
		{"snap -1", "x:1: snap -1"},
		{"# c\n\npath delay=x", "x:3: path: delay=x"},
		{"ipv6 perhaps", "want ipv6 yes or no"},
		{"after -1s", "after -1s"},
		{"after soon", "invalid duration"},
		{"record yes\nafter 1s\nrun a true" + labels, "recordings begin before"},
		{"colour red", "before a run, or unknown"},
		{"needs nc", "want needs PROGRAM PACKAGE"},
		{"file ../x 5", "want file NAME BYTES"},
		{"file /etc/passwd 5", "want file NAME BYTES"},
		{"file x 99999999999", "want 0 to"},
		{"server smbd", "want server PORT COMMAND"},
		{"server 7/tcp smbd", "want server PORT COMMAND"},
		{"proxy x y", "want proxy PORT COMMAND"},
		{"wants x", "want wants PROGRAM PACKAGE"},
		{"address 10.0.0", "ParseAddr"},
		{"run a true" + labels + "between client", "want between POINT POINT"},
		{"run a true" + labels + "between client rtr_in", "no point rtr_in"},
		{"run a true" + labels + "blind client", "want blind POINT TEXT"},
		{"run a true" + labels + "blind moon it is dark", "no point moon"},
		{"run a true" + labels + "sessions 0", "sessions 0"},
		{"run a true" + labels + "shows tcp", "want shows N FILTER"},
		{"run a true" + labels + "shows +", "want shows N FILTER"},
		{"run a true" + labels + "shows -1 tcp", "want shows N FILTER"},
		{"run a true" + labels + "plain /etc/passwd", "want plain FILE"},
		{"run a true" + labels + "plain x", "sessions and no keys"},
		{"run a true" + labels + "sessions 2", "sessions and no keys"},
		{"run a true" + labels + "router true", "no run after router"},
		{"proxy 80 x\nrun a true" + labels, "no router on which it runs"},
		{"server 0 smbd", "want server PORT COMMAND"},
		{"run a/b true" + labels, "want run NAME COMMAND"},
		{"run a", "want run NAME COMMAND"},
		{"run a true" + labels + "run a true" + labels, "two runs a"},
		{"run a true\ncause c\nwhere -\nrule -", "lacks cause, where, rule or healthy"},
		{"run a true\nhealthy perhaps", "want yes, no or -"},
		{"run a true" + labels + "weather fine", `unknown word "weather"`},
		{"run a true" + labels + "-- ../../etc/passwd --\n", "name of a file"},
	} {
		if _, err := Parse("x", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.text, err, c.want)
		}
	}
}

// own are programs that need no package: those of the lab, and what every system has.
var own = []string{"smbread", "talk", "sh", "env", "true"}

// TestAll reads every scenario of the lab: each says what it needs of all that it runs.
func TestAll(t *testing.T) {
	files, _ := filepath.Glob("../scenarios/*")
	if len(files) == 0 {
		t.Fatal("no scenarios")
	}
	for _, name := range files {
		s, err := Load(name)
		if err != nil {
			t.Error(err)
			continue
		}
		programs(t, s)
	}
}

// programs holds a scenario to name the packages of what it runs.
func programs(t *testing.T, s *Scenario) {
	t.Helper()
	commands := slices.Concat(s.Prepare, s.Beside)
	for _, server := range slices.Concat(s.Servers, s.Proxies) {
		commands = append(commands, server.Command)
	}
	for _, r := range s.Runs {
		commands = append(append(commands, r.Router...), r.Command)
	}
	for _, c := range commands {
		needed := slices.Contains(own, c[0])
		for _, n := range slices.Concat(s.Needs, s.Wants) {
			needed = needed || n.Program == c[0]
		}
		if !needed {
			t.Errorf("%s does not say in which package %s is", s.Name, c[0])
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("path rate=1G queue=1\nrun a b"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse("x", text)
		if err != nil {
			return
		}
		for _, r := range s.Random {
			if strings.Contains(r.Name, "..") || strings.HasPrefix(r.Name, "/") || r.Size > maxRandom {
				t.Errorf("file %+v", r)
			}
		}
		for _, r := range s.Runs {
			if row := r.Row("f"); strings.Count(row, "\t") != strings.Count(Heading, "\t") || strings.Count(row, "\n") != 1 {
				t.Errorf("row %q", row)
			}
		}
	})
}
