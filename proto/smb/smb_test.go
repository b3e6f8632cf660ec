package smb_test

import (
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto/smb"
)

// negotiate offers two dialects, as a client does that can speak SMB 2.
const negotiate = "\xffSMB\x72\x00\x00\x00\x00\x18\x53\xc8" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" + "\xff\xff\xfe\xff\x00\x00\x07\x00" +
	"\x00\x18\x00\x02NT LM 0.12\x00\x02SMB 2.002\x00"

func values(t testing.TB, b []byte, name string) (all []string) {
	for i := range smb.Fields.Fields {
		f := &smb.Fields.Fields[i]
		f.All(b, func(s field.Span, v field.Value) bool {
			if s.Off < 0 || s.Off+s.Len > len(b) {
				t.Errorf("%s at %+v of %d bytes", f.Name, s, len(b))
			}
			if f.Name == name {
				all = append(all, v.String())
			}
			return true
		})
	}
	return all
}

func TestNegotiate(t *testing.T) {
	b := []byte(negotiate)
	var h smb.Header
	if !h.Decode(b) || h.Command != smb.Negotiate || h.Response() || !h.NTStatus || h.Mid != 7 || h.Tree != 0xffff {
		t.Errorf("%+v", h)
	}
	for name, want := range map[string]string{"smb.dialect.name": "NT LM 0.12|SMB 2.002", "smb.cmd": "114", "smb.nt_status": "0", "smb.error_class": "", "smb.pid": "65534", "smb.mid": "7"} {
		if got := strings.Join(values(t, b, name), "|"); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestEveryCut(t *testing.T) {
	var h smb.Header
	for n := range len(negotiate) {
		b := []byte(negotiate)[:n:n]
		if h.Decode(b) != (n >= smb.HeaderLen) {
			t.Errorf("%d bytes have a header, or have none", n)
		}
		values(t, b, "")
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	b := []byte(negotiate)
	var h smb.Header
	if n := testing.AllocsPerRun(100, func() { h.Decode(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte(negotiate))
	f.Fuzz(func(t *testing.T, b []byte) {
		var h smb.Header
		h.Decode(b)
		values(t, b, "")
	})
}
