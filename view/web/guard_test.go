package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestGuard: what is let through, and what is not.
func TestGuard(t *testing.T) {
	x := start(t, usual)
	host := x.hosts[0]
	port := host[strings.LastIndex(host, ":"):]
	with := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	without := func(name string) func(*http.Request) { return func(r *http.Request) { r.Header.Del(name) } }
	asked := func(host string) func(*http.Request) { return func(r *http.Request) { r.Host = host } }
	cookie := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Del("Authorization")
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	for _, tt := range []struct {
		name, method, path string
		change             func(*http.Request)
		status             int
	}{
		{"a program", "GET", "/api/v1/", func(*http.Request) {}, 200},
		{"HEAD", "HEAD", "/api/v1/", func(*http.Request) {}, 200},
		{"a browser", "GET", "/api/v1/", cookie(x.cookie, x.token), 200},
		{"another port's cookie", "GET", "/api/v1/", cookie("wiretale-1", x.token), 401},
		{"no token", "GET", "/api/v1/", without("Authorization"), 401},
		{"no token, the page", "GET", "/", without("Authorization"), 401},
		{"no token, an asset", "GET", "/app.js", without("Authorization"), 401},
		{"no token, what is not there", "GET", "/api/v1/none", without("Authorization"), 401},
		{"wrong token", "GET", "/api/v1/", with("Authorization", "Bearer "+strings.Repeat("A", len(x.token))), 401},
		{"empty token", "GET", "/api/v1/", with("Authorization", "Bearer "), 401},
		{"a part of the token", "GET", "/api/v1/", with("Authorization", "Bearer "+x.token[:20]), 401},
		{"wrong scheme", "GET", "/api/v1/", with("Authorization", "Basic "+x.token), 401},
		{"wrong cookie", "GET", "/api/v1/", cookie(x.cookie, "x"), 401},
		{"a wrong token in the address", "GET", "/?token=x", without("Authorization"), 401},
		{"the token in the address of something else", "GET", "/api/v1/?token=" + x.token, without("Authorization"), 401},
		{"localhost", "GET", "/api/v1/", asked("localhost" + port), 200},
		{"IPv6", "GET", "/api/v1/", asked("[::1]" + port), 200},
		{"DNS rebinding", "GET", "/api/v1/", asked("evil.example" + port), 403},
		{"DNS rebinding of the page", "GET", "/?token=" + x.token, asked("evil.example" + port), 403},
		{"a name that begins as ours", "GET", "/api/v1/", asked("127.0.0.1.evil.example" + port), 403},
		{"without a port", "GET", "/api/v1/", asked("127.0.0.1"), 403},
		{"another port", "GET", "/api/v1/", asked("127.0.0.1:1"), 403},
		{"a user in the host", "GET", "/api/v1/", asked("x@" + host), 403},
		{"our own page", "GET", "/api/v1/", with("Origin", "http://"+host), 200},
		{"our page under another name", "GET", "/api/v1/", with("Origin", "http://localhost"+port), 403},
		{"another page", "GET", "/api/v1/", with("Origin", "https://evil.example"), 403},
		{"a page without an origin", "GET", "/api/v1/", with("Origin", "null"), 403},
		{"an empty origin", "GET", "/api/v1/", with("Origin", ""), 403},
		{"two origins", "GET", "/api/v1/", func(r *http.Request) { r.Header["Origin"] = []string{"http://" + host, "https://evil.example"} }, 403},
		{"another scheme", "GET", "/api/v1/", with("Origin", "https://"+host), 403},
		{"another page posts", "POST", "/api/v1/cases", with("Origin", "https://evil.example"), 403},
		{"a script of another page", "GET", "/app.js", with("Sec-Fetch-Site", "cross-site"), 403},
		{"a page of another port", "GET", "/api/v1/", with("Sec-Fetch-Site", "same-site"), 403},
		{"the user", "GET", "/", with("Sec-Fetch-Site", "none"), 200},
		{"our page", "GET", "/api/v1/", with("Sec-Fetch-Site", "same-origin"), 200},
		{"a word that nobody knows", "GET", "/api/v1/", with("Sec-Fetch-Site", "x"), 403},
		{"a form of another page", "POST", "/api/v1/cases", without(ownHeader), 403},
		{"DELETE of a form", "DELETE", "/api/v1/cases/1", without(ownHeader), 403},
		{"a preflight", "OPTIONS", "/api/v1/cases", with("Access-Control-Request-Method", "POST"), 405},
		{"a preflight without a token", "OPTIONS", "/api/v1/cases", without("Authorization"), 405},
		{"PUT", "PUT", "/api/v1/cases", func(*http.Request) {}, 405},
		{"PATCH", "PATCH", "/api/v1/cases/1", func(*http.Request) {}, 405},
		{"TRACE", "TRACE", "/", func(*http.Request) {}, 405},
		{"a word of its own", "WIRETALE", "/", func(*http.Request) {}, 405},
		{"POST of a page", "POST", "/", func(*http.Request) {}, 405},
		{"POST of what is read", "POST", "/api/v1/filter", func(*http.Request) {}, 405},
		{"DELETE of all", "DELETE", "/api/v1/cases", func(*http.Request) {}, 405},
	} {
		r := x.request(tt.method, tt.path, nil)
		tt.change(r)
		answer, body := x.do(r)
		if answer.StatusCode != tt.status {
			t.Errorf("%s: %s, not %d: %s", tt.name, answer.Status, tt.status, body)
		}
		held(t, tt.name, x, answer, body)
	}
}

// held demands what every answer has, and what none says.
func held(t *testing.T, name string, x *tester, answer *http.Response, body string) {
	t.Helper()
	for header, want := range map[string]string{
		"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := answer.Header.Get(header); got != want {
			t.Errorf("%s: %s is %q", name, header, got)
		}
	}
	for header := range answer.Header {
		if strings.HasPrefix(header, "Access-Control-") {
			t.Errorf("%s: %s", name, header)
		}
	}
	if answer.StatusCode >= 400 && (strings.Contains(body, x.temp) || strings.Contains(body, x.token)) {
		t.Errorf("%s: the answer says too much: %s", name, body)
	}
	if answer.StatusCode >= 400 && answer.Header.Get("Set-Cookie") != "" {
		t.Errorf("%s: a cookie", name)
	}
}

// TestPaths: no path leads out of what is served, and none is led elsewhere.
func TestPaths(t *testing.T) {
	x := start(t, usual, capture(t, ""))
	x.settled("1", whole)
	for _, path := range []string{
		"/../web.go", "/%2e%2e/web.go", "/..%2fweb.go", "/..%5cweb.go", "/assets/../../web.go", "//etc/passwd", "/./index.html", "/dist/", "/placeholder.txt%00.js",
		"/api/v1/cases/1/../../../web.go", "/api/v1/cases/%2e%2e/report", "/api/v1/cases/..%2f1/report", "/api/v1//", "/api/v1/rules/..%2f..%2fgo.mod", "/C:/windows/win.ini", "/\\windows",
		"/web.go", "/index.html/", "/%", "/api", "/api/v2/", "/.git/config",
	} {
		conn, err := net.Dial("tcp", x.hosts[0])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", path, x.hosts[0], x.token)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		body, _ := io.ReadAll(answer.Body)
		conn.Close()
		if answer.StatusCode != 404 && answer.StatusCode != 400 {
			t.Errorf("%s: %s: %.200s", path, answer.Status, body)
		}
	}
}

// TestEnter: the token in the address becomes a cookie, once for a ticket.
func TestEnter(t *testing.T) {
	x := start(t, usual)
	enter := func(address string) (*http.Response, string) {
		r, err := http.NewRequest("GET", address, nil)
		if err != nil {
			t.Fatal(err)
		}
		return x.do(r)
	}
	ticket := x.Ticket()
	for _, address := range []string{x.URL(), ticket, x.URL()} {
		answer, body := enter(address)
		set := answer.Header.Get("Set-Cookie")
		if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/" || strings.Contains(body, x.token) {
			t.Errorf("%s: %v %s", answer.Status, answer.Header, body)
		}
		for _, part := range []string{x.cookie + "=" + x.token, "HttpOnly", "SameSite=Strict", "Path=/"} {
			if !strings.Contains(set, part) {
				t.Errorf("Set-Cookie %q has no %s", set, part)
			}
		}
	}
	if answer, _ := enter(ticket); answer.StatusCode != 401 {
		t.Errorf("a ticket the second time: %s", answer.Status)
	}
	late := x.tickets.issue(time.Now().Add(-2 * ticketTime))
	if answer, _ := enter(x.address() + "/?token=" + late); answer.StatusCode != 401 {
		t.Errorf("a ticket that is too old: %s", answer.Status)
	}
	other := start(t, usual)
	if x.token == other.token || len(x.token) < 40 {
		t.Error("the token is no secret")
	}
}

// TestLarge: heads are bounded, and bodies that nobody asked for.
func TestLarge(t *testing.T) {
	x := start(t, usual)
	r := x.request("GET", "/api/v1/", nil)
	r.Header.Set("X-Large", strings.Repeat("a", 64<<10))
	if answer, _ := x.do(r); answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Error(answer.Status)
	}
	answer, _ := x.do(x.request("DELETE", "/api/v1/cases/1", strings.NewReader(strings.Repeat("a", 1<<20))))
	if answer.StatusCode != 404 {
		t.Error(answer.Status)
	}
}

// TestSlow: a client that says nothing, says its head slowly, or its body, does not keep the server.
func TestSlow(t *testing.T) {
	hasty := times{header: 200 * time.Millisecond, idle: 200 * time.Millisecond, upload: 200 * time.Millisecond, answer: 200 * time.Millisecond}
	x := start(t, hasty, capture(t, ""))
	x.settled("1", whole)
	head := func(line, more string) string {
		return fmt.Sprintf("%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nX-Wiretale: 1\r\n%s", line, x.hosts[0], x.token, more)
	}
	for name, said := range map[string]string{
		"nothing":     "",
		"half a head": head("GET /api/v1/", ""),
		"idle":        head("GET /api/v1/", "\r\n"),
		"half a body": head("DELETE /api/v1/cases/2", "Content-Length: 100\r\n\r\nabc"),
		"half an upload": head("POST /api/v1/cases", "Content-Length: 1000\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"+
			"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.pcap\"\r\n\r\nabc"),
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", x.hosts[0])
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(10 * time.Second)) // a bound of the test, not of the server
			io.WriteString(conn, said)
			if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "timeout") {
				t.Errorf("the server waits: %v", err)
			}
		})
	}
	x.get("/", 200)
}

// TestStuck: a client that does not take a stream of events is left.
func TestStuck(t *testing.T) {
	x := start(t, times{header: time.Second, idle: time.Second, upload: time.Second, answer: 100 * time.Millisecond}, capture(t, ""))
	x.settled("1", whole)
	left := make(chan struct{})
	h := x.guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer close(left)
		for write(w, make([]byte, 1<<20)) == nil {
		}
	}))
	x.http.Handler = h
	conn, err := net.Dial("tcp", x.hosts[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /api/v1/ HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", x.hosts[0], x.token)
	select {
	case <-left:
	case <-time.After(20 * time.Second):
		t.Error("the server still writes")
	}
}
