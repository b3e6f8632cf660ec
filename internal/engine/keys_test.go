package engine_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/fixture/tlstalk"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
)

// opening are the options of an analysis with keys.
func opening(workers int, keys *secrets.Store) engine.Options {
	o := collecting(workers)
	o.Secrets = keys
	return o
}

// resumed is a capture of many sessions of TLS 1.2, each but the first of four going on with the one before by a ticket, and the private key of their server.
// They overlap: a session may begin when what it goes on with is done in the capture, and when it is not.
func resumed(t *testing.T) (path string, key []byte) {
	t.Helper()
	o := tlstalk.Options{Version: tls.VersionTLS12, Suite: tls.TLS_RSA_WITH_AES_128_GCM_SHA256}
	o.Server = tlstalk.ServerConfig(o)
	type line struct {
		micros, session int
		text            string
	}
	var lines []line
	for i := range 96 {
		if i%4 == 0 {
			o.Cache = tls.NewLRUClientSessionCache(1)
		}
		body := strings.Repeat("x", 100+i*977%30000)
		talk, err := tlstalk.New(o, []byte("GET /secret HTTP/1.1\r\nHost: shop.test\r\n\r\n"), fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
		if err != nil {
			t.Fatal(err)
		}
		key = pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: talk.PrivateKey})
		at := 1500*i + i*7919%2500 // the next one may come first
		lines = append(lines, line{at, i, fmt.Sprintf("connect 0 out 10.0.%d.1:%d > 10.9.0.1:443 rtt=0.0001", i%5, 20000+i*31)})
		for k, m := range talk.Messages {
			text := fmt.Sprintf("send 0 %s %q", []string{"request", "response"}[m.Dir], m.Bytes)
			if i%13 == 5 && len(m.Bytes) > 3000 {
				text += " missing=2"
			}
			lines = append(lines, line{at + 200 + 150*k, i, text})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.micros - b.micros })
	var b strings.Builder
	b.WriteString("-- resumed.pcap --\n")
	numbers := map[int]int{} // of sessions by their first lines
	for _, l := range lines {
		if _, known := numbers[l.session]; !known {
			numbers[l.session] = len(numbers) + 1
		} else {
			l.text += fmt.Sprintf(" on=%d", numbers[l.session])
		}
		fmt.Fprintf(&b, "0.%06d %s\n", l.micros, l.text)
	}
	traces, err := fixture.Parse([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	path, err = traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return path, key
}

// TestLanesWithKeysSayTheSame: what a session goes on with may be in any lane, and who learned of it first does not depend on how many workers there are.
func TestLanesWithKeysSayTheSame(t *testing.T) {
	path, pem := resumed(t)
	keys := new(secrets.Store)
	if err := keys.Read(bytes.NewReader(pem), "server.pem"); err != nil {
		t.Fatal(err)
	}
	c := sayTheSame(t, path, keys)
	went, not := 0, 0
	for _, a := range c.Sources[0].Accounts {
		switch {
		case a.Resumed != "" && a.Bytes > 0:
			went++
		case a.Resumed != "" || a.Source == "":
			not++
		}
	}
	if went < 20 || not < 20 {
		t.Errorf("%d sessions go on with one that is known, %d with one that is not: the capture tests nothing", went, not)
	}
}

// sayTheSame analyses a capture in order and in lanes.
func sayTheSame(t *testing.T, path string, keys *secrets.Store) *engine.Case {
	t.Helper()
	c := inOrder(t, path, keys)
	want := said(t, c)
	for _, workers := range []int{1, 2, 8, 8} {
		got, err := engine.Analyse(context.Background(), []string{path}, opening(workers, keys))
		if err != nil {
			t.Fatal(err)
		}
		if got := said(t, got); !bytes.Equal(got, want) {
			t.Errorf("in order (-) and with %d workers (+):\n%.4000s", workers, cmp.Diff(string(want), string(got)))
		}
	}
	return c
}

// TestSelectWithKeys: the same rows pass in order and in lanes.
func TestSelectWithKeys(t *testing.T) {
	path, pem := resumed(t)
	keys := new(secrets.Store)
	if err := keys.Read(bytes.NewReader(pem), "server.pem"); err != nil {
		t.Fatal(err)
	}
	rows := func(workers int) (list []string) {
		run, err := engine.Open(context.Background(), []string{path}, engine.Options{Workers: workers, Secrets: keys, Applications: stream.NewChoice(stream.Rules{})})
		if err != nil {
			t.Fatal(err)
		}
		defer run.Close()
		err = run.Select(engine.Selection{
			Match: func() func(*engine.Row) bool {
				return func(row *engine.Row) bool { return len(row.Packet.Units) > 0 }
			},
			Visit: func(row *engine.Row) error {
				text := fmt.Sprint(row.Record.Pos.Number, row.Packet.N)
				for _, u := range row.Packet.Units {
					text += fmt.Sprintf(" %x", u.Bytes)
				}
				list = append(list, text)
				return nil
			},
			Skip: func(int64) {},
		})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	want := rows(1)
	if len(want) < 96 {
		t.Fatalf("%d rows have something that was opened", len(want))
	}
	for _, workers := range []int{2, 8} {
		if diff := cmp.Diff(want, rows(workers)); diff != "" {
			t.Errorf("in order (-) and with %d workers (+):\n%.4000s", workers, diff)
		}
	}
}

// TestSharedLanesWithKeys is the same for captures of many kinds of TLS, with keys beside them and in them.
func TestSharedLanesWithKeys(t *testing.T) {
	const root = "../../../shared/captures"
	captures, _ := filepath.Glob(root + "/tls/*.pcap*")
	labs, _ := filepath.Glob(root + "/lab/tls/*.pcap*")
	if len(captures) == 0 {
		t.Skip("../shared/captures is not here")
	}
	files, _ := filepath.Glob(root + "/tls/keys/*")
	others, _ := filepath.Glob(root + "/lab/tls/*.keys")
	pems, _ := filepath.Glob(root + "/lab/tls/keys/*.pem")
	keys := new(secrets.Store)
	for _, file := range slices.Concat(files, others, pems) {
		if err := keys.Load(file); err != nil && !strings.Contains(err.Error(), "no keys") {
			t.Log(err) // of a password that nobody gave
		}
	}
	for _, path := range append(captures, labs...) {
		t.Run(filepath.Base(path), func(t *testing.T) { sayTheSame(t, path, keys) })
	}
}
