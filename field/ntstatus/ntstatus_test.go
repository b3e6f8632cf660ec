package ntstatus

import (
	"regexp"
	"strings"
	"testing"
)

func TestTablesAreOrdered(t *testing.T) {
	word := regexp.MustCompile(`^[A-Z][A-Za-z0-9_]+$`)
	for name, text := range map[string]string{"ntstatus": ntstatusTSV, "win32": win32TSV, "hresult": hresultTSV} {
		table := parse(text)
		if want := strings.Count(text, "\n") - 1; len(table) != want {
			t.Errorf("%s: %d of %d rows are codes", name, len(table), want)
		}
		for i, c := range table {
			if !word.MatchString(c.name) {
				t.Errorf("%s: %q is not a name", name, c.name)
			}
			if i > 0 && table[i-1].value >= c.value {
				t.Errorf("%s: %#x %s is out of order or twice", name, c.value, c.name)
			}
		}
	}
}

func TestString(t *testing.T) {
	tests := []struct {
		got  string
		want string
	}{
		{Status(0).String(), "Success"},
		{Status(0xC0000241).String(), "0xC0000241 - STATUS_CONNECTION_ABORTED"},
		{Status(0xC000020D).String(), "0xC000020D - STATUS_CONNECTION_RESET"},
		{Status(0xC0000120).String(), "0xC0000120 - STATUS_CANCELLED"},
		{Status(0x103).String(), "0x00000103 - STATUS_PENDING"},
		{Status(0xC0FFFFFF).String(), "0xC0FFFFFF"},
		{Win32(0).String(), "Success"},
		{Win32(10061).String(), "10061 (0x274D) - WSAECONNREFUSED"},
		{Win32(9003).String(), "9003 (0x232B) - DNS_ERROR_RCODE_NAME_ERROR"},
		{Win32(12002).String(), "12002 (0x2EE2) - ERROR_WINHTTP_TIMEOUT"},
		{Win32(0xC0000120).String(), "0xC0000120 - STATUS_CANCELLED"},
		{Win32(77777).String(), "77777 (0x12FD1)"},
		{HResult(0).String(), "Success"},
		{HResult(0x8009030E).String(), "0x8009030E - SEC_E_NO_CREDENTIALS"},
		{HResult(0x80070005).String(), "0x80070005 - E_ACCESSDENIED"},
		{HResult(0x80072EE2).String(), "0x80072EE2 - ERROR_WINHTTP_TIMEOUT"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	if !Status(0xC0000241).Failed() || Status(0x103).Failed() {
		t.Error("Failed does not follow the severity bits")
	}
}
