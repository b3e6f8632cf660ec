package web

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/fixture"
)

// upload is a request with files: a name, then what is in it, and so on.
func (x *tester) upload(pairs ...string) *http.Request {
	x.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "%0D", "\n", "%0A").Replace(pairs[i])
		p, err := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="` + quoted + `"`}})
		if err != nil {
			x.t.Fatal(err)
		}
		io.WriteString(p, pairs[i+1])
	}
	form.Close()
	r := x.request("POST", Prefix+"/cases", &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return r
}

// stored are the files below the server's temporary folder.
func (x *tester) stored() (list []string) {
	filepath.WalkDir(x.temp, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return nil
	})
	return list
}

func TestUpload(t *testing.T) {
	x := start(t, usual)
	data, err := os.ReadFile(capture(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	answer, body := x.do(x.upload("../../etc/cron.d/<img src=x onerror=alert(1)>.pcap", string(data), `C:\Users\ann\CON.pcap`, string(data), "", string(data), "a.pcap", string(data), "a.pcap", string(data)))
	if answer.StatusCode != http.StatusCreated || answer.Header.Get("Location") != "/api/v1/cases/1" {
		t.Fatalf("%s: %s", answer.Status, body)
	}
	state := x.settled("1", whole)
	if want := "_img src=x onerror=alert(1)_.pcap, _CON.pcap, a.pcap, a (2).pcap"; state.Name != want {
		t.Errorf("called %q, not %q", state.Name, want)
	}
	if state.Records != 20 || !state.Files[0].Uploaded || state.Files[0].Bytes != int64(len(data)) {
		t.Errorf("%+v", state)
	}
	for _, path := range []string{"/cases/1/report", "/cases/1", "/cases/1/rows", "/cases/1/rows/3", "/"} {
		if body := x.get(path, 200); strings.Contains(body, x.temp) || strings.Contains(body, "case-") {
			t.Errorf("%s tells of the temporary folder: %.500s", path, body)
		}
	}
	files := x.stored()
	if len(files) < 4 {
		t.Errorf("stored: %q", files)
	}
	for _, path := range files {
		st, err := os.Stat(path)
		dir, errDir := os.Stat(filepath.Dir(path))
		if err != nil || errDir != nil || os.PathSeparator == '/' && (st.Mode().Perm() != 0o600 || dir.Mode().Perm() != 0o700) {
			t.Errorf("%s: %v %v, %v %v", path, st.Mode(), err, dir.Mode(), errDir)
		}
	}
	if gone, _ := x.do(x.request("DELETE", Prefix+"/cases/1", nil)); gone.StatusCode != http.StatusNoContent {
		t.Error(gone.Status)
	}
	if left := x.stored(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestUploadFails: what is no capture is a case that says so, by the name that the user knows.
func TestUploadFails(t *testing.T) {
	x := start(t, usual)
	if answer, body := x.do(x.upload("notes.txt", "no capture")); answer.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %s", answer.Status, body)
	}
	state := x.settled("1", func(s State) bool { return s.State != Reading })
	if state.State != Failed || !strings.HasPrefix(state.Error, "notes.txt: ") || strings.Contains(state.Error, x.temp) {
		t.Errorf("%+v", state)
	}
}

func TestUploadRefused(t *testing.T) {
	x := start(t, usual)
	var many []string
	for i := range maxFiles + 1 {
		many = append(many, fmt.Sprint(i), "x")
	}
	plain := x.request("POST", Prefix+"/cases", strings.NewReader("x"))
	plain.Header.Set("Content-Type", "text/plain")
	cut := x.upload("x.pcap", "abc")
	whole, _ := io.ReadAll(cut.Body)
	cut.Body, cut.ContentLength = io.NopCloser(bytes.NewReader(whole[:len(whole)-10])), int64(len(whole)-10)
	for name, tt := range map[string]struct {
		request *http.Request
		status  int
	}{
		"no form":        {plain, 415},
		"no file":        {x.upload(), 400},
		"too many files": {x.upload(many...), 413},
		"ends early":     {cut, 400},
	} {
		answer, body := x.do(tt.request)
		if answer.StatusCode != tt.status || !strings.HasPrefix(body, `{"error":`) {
			t.Errorf("%s: %s: %s", name, answer.Status, body)
		}
		held(t, name, x, answer, body)
		if left := x.stored(); len(left) > 0 {
			t.Errorf("%s: left: %q", name, left)
		}
	}
	if n := len(into[Root](x, "/").Cases); n != 0 {
		t.Errorf("%d cases", n)
	}
}

// fullDisk takes a few bytes.
type fullDisk struct {
	*os.File
	room int
}

func (f *fullDisk) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	return f.File.Write(b)
}

func TestDiskFull(t *testing.T) {
	x := start(t, usual)
	x.uploads.create = func(path string) (io.WriteCloser, error) {
		f, err := os.Create(path)
		return &fullDisk{f, 1 << 20}, err
	}
	answer, body := x.do(x.upload("x.pcap", strings.Repeat("x", 2<<20)))
	if answer.StatusCode != http.StatusInsufficientStorage || strings.Contains(body, x.temp) || !strings.Contains(body, "disk") {
		t.Errorf("%s: %s", answer.Status, body)
	}
	if left := x.stored(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestUploadCut: of an upload whose client goes away nothing stays.
func TestUploadCut(t *testing.T) {
	x := start(t, usual)
	conn, err := net.Dial("tcp", x.hosts[0])
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /api/v1/cases HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nX-Wiretale: 1\r\nContent-Length: 100000\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"+
		"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.pcap\"\r\n\r\n%s", x.hosts[0], x.token, strings.Repeat("x", 50000))
	for range 500 {
		if len(x.stored()) > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if len(x.stored()) == 0 {
		t.Error("nothing came")
	}
	conn.Close()
	for range 500 {
		if len(x.stored()) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("left: %q", x.stored())
}

// TestUploadCompared: what is uploaded can be compared, and the answer does not tell where it lies.
func TestUploadCompared(t *testing.T) {
	x := start(t, usual)
	var pairs []string
	for _, name := range []string{"post2_A", "post2_B"} {
		traces, err := fixture.Load("../../testdata/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		path, err := traces[0].Write(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, name+".pcapng", string(data))
	}
	if answer, body := x.do(x.upload(pairs...)); answer.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %s", answer.Status, body)
	}
	x.settled("1", whole)
	body := x.get("/cases/1/compare", 200)
	if !strings.Contains(body, `"kind":"comparison","ratio":4.63`) || strings.Contains(body, x.temp) {
		t.Errorf("%.2000s", body)
	}
}
