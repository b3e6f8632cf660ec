package scenario

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const good = `# A comment.

needs nc netcat
path delay=5ms loss=0.01 seed=3
snap 96
file data/big.bin 1000
server 7000 nc -l $SERVER 7000

run one nc $SERVER 7000
cause a	tab is none of a row
where server
rule -
healthy no
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
	if s.Path.Delay != 5*time.Millisecond || s.Snap != 96 || len(s.Runs) != 2 || len(s.Files) != 1 || s.Random[0] != (Random{"data/big.bin", 1000}) ||
		s.Needs[0] != (Need{"nc", "netcat"}) || s.Servers[0].Port != 7000 || strings.Join(s.Servers[0].Command, " ") != "nc -l $SERVER 7000" {
		t.Errorf("%+v", s)
	}
	if got, want := s.Runs[0].Row("x/one_*"), "one\tx/one_*\ta tab is none of a row\tserver\t-\tno\n"; got != want {
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
		{"colour red", "before a run, or unknown"},
		{"needs nc", "want needs PROGRAM PACKAGE"},
		{"file ../x 5", "want file NAME BYTES"},
		{"file /etc/passwd 5", "want file NAME BYTES"},
		{"file x 99999999999", "want 0 to"},
		{"server smbd", "want server PORT COMMAND"},
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

// TestAll reads every scenario of the lab: each needs what it runs at the server.
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
		for _, server := range s.Servers {
			needed := false
			for _, n := range s.Needs {
				needed = needed || n.Program == server.Command[0]
			}
			if !needed {
				t.Errorf("%s does not say in which package %s is", name, server.Command[0])
			}
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
