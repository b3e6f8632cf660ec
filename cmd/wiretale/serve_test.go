package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/fixture"
)

const servedTalk = `-- x.pcap --
0.000000 packet 0 out 10.0.0.1:40000 > 10.0.0.2:80 S seq=1000 win=64240 mss=1460
0.010000 packet 0 in 10.0.0.2:80 > 10.0.0.1:40000 AR seq=0 ack=1001
`

// served runs wiretale serve and returns the address that it prints, and what ends it: that returns the exit code.
func served(t *testing.T, stdin io.Reader, args ...string) (address string, end func() int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	out, w := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"serve", "--no-browser", "-q"}, args...), stdin, w, io.Discard)
		w.Close()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line), func() int {
		stop()
		return <-code
	}
}

// TestServe: the address that is printed opens the page, and ends with the program; a capture from standard input is analysed too.
func TestServe(t *testing.T) {
	traces, err := fixture.Parse([]byte(servedTalk))
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	piped, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer piped.Close()
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	address, end := served(t, piped, "-", path)
	client := http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	entered, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	entered.Body.Close()
	cookies := entered.Cookies()
	if entered.StatusCode != http.StatusSeeOther || len(cookies) != 1 {
		t.Fatalf("%s, %v", entered.Status, cookies)
	}
	base, _, _ := strings.Cut(address, "/?")
	body := ""
	for range 500 {
		r, err := http.NewRequest("GET", base+"/api/v1/cases/1", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(cookies[0])
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if body = string(b); err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s, %v: %s", answer.Status, err, body)
		}
		if strings.Contains(body, `"indexed":true`) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if !strings.Contains(body, `"name":"-, x.pcap"`) || !strings.Contains(body, `"records":4`) {
		t.Error(body)
	}
	if code := end(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if _, err := client.Get(base); err == nil {
		t.Error("the server still answers")
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestServePortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"serve", "--no-browser", "--port", port}, strings.NewReader(""), &out, &errs); code != exitUnusable || !strings.Contains(errs.String(), "port "+port+" of 127.0.0.1 is in use") {
		t.Errorf("exit code %d, %s", code, errs.String())
	}
}

func TestBrowser(t *testing.T) {
	for _, tt := range []struct {
		system string
		env    map[string]string
		want   string // "" where there is no desktop
	}{
		{"linux", nil, ""},
		{"linux", map[string]string{"DISPLAY": ":0"}, "xdg-open"},
		{"linux", map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, "xdg-open"},
		{"linux", map[string]string{"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "x"}, "xdg-open"},
		{"darwin", nil, "open"},
		{"darwin", map[string]string{"SSH_CONNECTION": "x"}, ""},
		{"windows", nil, "rundll32"},
		{"windows", map[string]string{"SSH_CONNECTION": "x"}, ""},
	} {
		args, err := browser(tt.system, func(name string) string { return tt.env[name] })
		if tt.want == "" {
			if !errors.Is(err, errNoDesktop) {
				t.Errorf("%s, %v: %q, %v", tt.system, tt.env, args, err)
			}
			continue
		}
		if err != nil || args[0] != tt.want {
			t.Errorf("%s, %v: %q, %v", tt.system, tt.env, args, err)
		}
	}
}
