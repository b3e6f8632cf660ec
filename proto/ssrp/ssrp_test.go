package ssrp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/ssrp"
)

const twoInstances = "ServerName;CLU01;InstanceName;INST1;IsClustered;Yes;Version;15.0.2000.5;tcp;50321;np;\\\\CLU01\\pipe\\sql\\query;;" +
	"ServerName;CLU01;InstanceName;INST2;IsClustered;No;Version;9.00.1399.06;tcp;;;"

func response(data string) []byte {
	return append([]byte{5, byte(len(data)), byte(len(data) >> 8)}, data...)
}

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		bytes string
		want  string // type, instance, size, port, instances; "" for what is no message
	}{
		{"\x02", "2 '' 0 0 0"},
		{"\x03", "3 '' 0 0 0"},
		{"\x03x", ""},
		{"\x04\x11\x33CSa|\x00", "4 '\x113CSa|' 0 0 0"},
		{"\x04SQL", "4 'SQL' 0 0 0 no zero ends the name"},
		{"\x04", ""},
		{"\x04" + fmt.Sprintf("%033d", 0), ""},
		{"\x04" + fmt.Sprintf("%033d\x00", 0), "4 '" + fmt.Sprintf("%033d", 0) + "' 0 0 0 the name takes 34 bytes, 32 are allowed"},
		{"\x04" + fmt.Sprintf("%0255d\x00", 0), ""},
		{"\x0f\x01SQL\x00", "15 'SQL' 0 0 0"},
		{"\x0f\x02SQL\x00", ""},
		{"\x05\x06\x00\x01\x9a\x05", "5 '' 6 1434 0"},
		{string(response(twoInstances)), "5 '' 187 0 2"},
		{string(response(twoInstances))[:60], "5 '' 187 0 1"},
		{string(response("a;b;;")) + "x", ""},
		{"\x05\x10\x00" + twoInstances, "5 '' 16 0 1 the size is 16, and 187 bytes follow"},
		{"\x05\x00", ""},
		{"\x06", ""},
		{"", ""},
	} {
		var m ssrp.Message
		got := ""
		if m.Decode([]byte(c.bytes)) {
			got = fmt.Sprintf("%d '%s' %d %d %d", m.Type, m.Instance, m.Size, m.Port, m.Instances())
			if m.Wrong() != "" {
				got += " " + m.Wrong()
			}
		}
		if got != c.want || ssrp.Is([]byte(c.bytes)) != (c.want != "") {
			t.Errorf("%q: %s, want %s", c.bytes, got, c.want)
		}
	}
}

// values are the fields of b with this name.
func values(b []byte, name string) (all []string) {
	for i := range ssrp.Fields.Fields {
		if f := &ssrp.Fields.Fields[i]; f.Name == name {
			f.All(b, func(s field.Span, v field.Value) bool {
				all = append(all, fmt.Sprintf("%d-%d %s", s.Off, s.Len, v))
				return true
			})
		}
	}
	return all
}

func TestFields(t *testing.T) {
	b := response(twoInstances)
	for name, want := range map[string]string{
		"ssrp.type": "[0-1 5]", "ssrp.size": "[1-2 187]", "ssrp.instance_name": "[33-5 INST1 142-5 INST2]", "ssrp.tcp.port": "[79-5 50321]",
		"ssrp.is_clustered": "[51-3 Yes 160-2 No]", "ssrp.instance": "[]", "ssrp.version": "[]",
	} {
		if got := fmt.Sprint(values(b, name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	b = response("ServerName;A;InstanceName;B;IsClustered;No;Version;8.0;np;p;tcp;99999;via;A,0:1433;rpc;A;spx;S;adsp;O;bv;i;g;i2;g2;o;new;x;;ServerName;C;;")
	for name, want := range map[string]string{
		"ssrp.server_name": "A C", "ssrp.tcp.port": "", "ssrp.via": "A,0:1433", "ssrp.rpc": "A", "ssrp.spx": "S", "ssrp.adsp": "O", "ssrp.bv": "i;g;i2;g2;o", "ssrp.other": "tcp=99999 new=x",
	} {
		var got []string
		for _, v := range values(b, name) {
			_, v, _ = strings.Cut(v, " ")
			got = append(got, v)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := fmt.Sprint(values([]byte("\x04ABC\x00"), "ssrp.instance")); got != "[1-3 ABC]" {
		t.Errorf("instance of a query: %s", got)
	}
}

func TestTurns(t *testing.T) {
	for _, c := range []struct{ bytes, want string }{
		{"\x02", "none"},
		{"\x04SQL\x00", "asks CLNT_UCAST_INST 'SQL' []"},
		{"\x03", "asks CLNT_UCAST_EX '' []"},
		{string(response(twoInstances)), "answers  'INST1, INST2' [{ssrp.tcp.port 50321}]"},
		{"\x05\x06\x00\x01\x9a\x05", "answers  '' [{ssrp.dac.port 1434}]"},
	} {
		var turn proto.Turn
		got := "none"
		if ssrp.Datagram.Turn([]byte(c.bytes), &turn) {
			got = fmt.Sprintf("%s %s '%s' %v", map[proto.TurnKind]string{proto.Ask: "asks", proto.Answer: "answers"}[turn.Kind], turn.Command, turn.Name, turn.Terms)
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.bytes, got, c.want)
		}
	}
}

func everything(t testing.TB, b []byte) {
	var m ssrp.Message
	if m.Decode(b) {
		if m.Instances() > len(b) || len(m.Data) > m.Size {
			t.Errorf("%+v", m)
		}
		m.Value("tcp")
	}
	for i := range ssrp.Fields.Fields {
		ssrp.Fields.Fields[i].All(b, func(s field.Span, v field.Value) bool {
			if s.Off < 0 || s.Off+s.Len > len(b) {
				t.Errorf("%s at %+v of %d bytes", ssrp.Fields.Fields[i].Name, s, len(b))
			}
			return true
		})
	}
}

func TestEveryCut(t *testing.T) {
	for _, b := range [][]byte{response(twoInstances), []byte("\x0f\x01SQL\x00"), []byte("\x04SQL\x00"), []byte("\x05\x06\x00\x01\x9a\x05")} {
		for n := range len(b) + 1 {
			everything(t, b[:n:n])
		}
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	b := response(twoInstances)
	var m ssrp.Message
	if n := testing.AllocsPerRun(100, func() { m.Decode(b); m.Instances() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(response(twoInstances))
	f.Add([]byte("\x04SQL\x00"))
	f.Add([]byte("\x05\x06\x00\x01\x9a\x05"))
	f.Fuzz(func(t *testing.T, b []byte) { everything(t, b) })
}
