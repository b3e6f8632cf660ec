package tracefs

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// format reads a file format as a kernel wrote it.
func format(t testing.TB, name string) *Format {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "formats", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseFormat(string(b))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFormat(t *testing.T) {
	f := format(t, "inet_sock_set_state")
	if f.ID == 0 || len(f.Fields) != 15 {
		t.Errorf("ID %d, %d fields", f.ID, len(f.Fields))
	}
	for name, want := range map[string]Field{
		"common_pid": {"common_pid", 4, 4, true}, "skaddr": {"skaddr", 8, 8, false}, "newstate": {"newstate", 20, 4, true}, "saddr": {"saddr", 32, 4, false}, "daddr_v6": {"daddr_v6", 56, 16, false},
	} {
		if got, ok := f.Field(name); !ok || got != want {
			t.Errorf("%+v, not %+v", got, want)
		}
	}
	if f.Symbols["newstate"][10] != "TCP_LISTEN" || f.Symbols["family"][10] != "AF_INET6" {
		t.Errorf("%v", f.Symbols)
	}
	if got, ok := format(t, "sched_process_fork").Field("child_comm"); !ok || got.Offset != 16 { // __data_loc char[]
		t.Errorf("%+v", got)
	}
	if s := format(t, "kfree_skb").Symbols["reason"]; s[12] != "NETFILTER_DROP" {
		t.Errorf("%v", s)
	}
}

// TestFormatIsChecked: what is no format is refused, with its line.
func TestFormatIsChecked(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "without fields",
		"ID: x\n":                               "line 1",
		"name: a\n\tfield:int a;\toffset:b;\n":  "line 2",
		"\tfield:int a;\toffset:-1;\tsize:4;\n": "no place",
		"\tfield:int a;\toffset:0;\tsize:99999999;\n": "no place",
		"\tfield:;\toffset:0;\tsize:1;\n":             "without a name",
	} {
		if _, err := ParseFormat(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestDecoderLacks: a kernel whose event has not what it is about is told, not guessed.
func TestDecoderLacks(t *testing.T) {
	f, err := ParseFormat("ID: 7\n\tfield:void * skbaddr;\toffset:8;\tsize:8;\tsigned:0;\n") // kfree_skb before Linux 5.17
	if err != nil {
		t.Fatal(err)
	}
	if _, lacks := newDecoder(pointOf(t, "kfree_skb"), f, binary.LittleEndian); lacks != "reason" {
		t.Error(lacks)
	}
}

func pointOf(t testing.TB, name string) *point {
	t.Helper()
	for i := range points {
		if points[i].name == name {
			return &points[i]
		}
	}
	t.Fatalf("no point %s", name)
	return nil
}

// TestPoints: each point has room for its arguments, and no two points have one name.
func TestPoints(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range points {
		if len(p.args) > len(record{}.args) || seen[p.name] {
			t.Errorf("%+v", p)
		}
		seen[p.name] = true
	}
}

func TestLost(t *testing.T) {
	if n := parseLost("entries: 5\noverrun: 3\ncommit overrun: 1\nbytes: 77\noldest event ts:     1.000000\nnow ts: 80246.075414\ndropped events: 40\nread events: 9\n"); n != 44 {
		t.Error(n)
	}
}

func FuzzFormat(f *testing.F) {
	for _, name := range []string{"inet_sock_set_state", "kfree_skb", "sched_process_fork"} {
		b, err := os.ReadFile(filepath.Join("testdata", "formats", name+".txt"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := ParseFormat(text)
		if err != nil {
			return
		}
		var r record
		for i := range points {
			if d, _ := newDecoder(&points[i], parsed, binary.LittleEndian); d != nil {
				d.decode(make([]byte, 64), &r)
				d.decode(nil, &r)
			}
		}
	})
}
