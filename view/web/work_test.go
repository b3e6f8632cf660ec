package web

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
)

// hold makes the analysis of whole files one that takes long: it goes on when it is let, and ends when its context does.
func hold(x *tester) (let chan struct{}) {
	let = make(chan struct{})
	x.analyse = func(ctx context.Context, paths []string, opt engine.Options) (*engine.Case, error) {
		if opt.Prefix == 0 {
			opt.Progress(0, 100, 1000)
			select {
			case <-let:
			case <-ctx.Done():
			}
		}
		return engine.Analyse(ctx, paths, opt)
	}
	return let
}

// TestPreliminary: of a large file the first part is shown until all of it is read.
func TestPreliminary(t *testing.T) {
	x := start(t, usual)
	let := hold(x)
	x.first = firstLook{large: 1, bytes: 200}
	path := capture(t, "")
	if err := x.Open([]string{path}, []string{path}); err != nil {
		t.Fatal(err)
	}
	state := x.settled("1", func(s State) bool { return s.Preliminary && s.Read == 100 })
	if state.State != Reading || state.Revision != 1 || state.Bytes != 1000 {
		t.Errorf("%+v", state)
	}
	if report := x.get("/cases/1/report", 200); strings.Contains(report, `"rule":"tcp.rst`) || !strings.Contains(report, `"records":3`) {
		t.Errorf("the first look sees all: %s", report)
	}
	close(let)
	if state = x.settled("1", whole); state.Preliminary || state.Revision != 2 {
		t.Errorf("%+v", state)
	}
	if report := x.get("/cases/1/report", 200); !strings.Contains(report, `"rule":"tcp.rst`) {
		t.Errorf("the end is not the whole: %s", report)
	}
}

// TestCancel: cancelling ends the work, and what is known stays.
func TestCancel(t *testing.T) {
	x := start(t, usual)
	hold(x)
	x.first = firstLook{large: 1, bytes: 200}
	path := capture(t, "")
	if err := x.Open([]string{path}, []string{path}); err != nil {
		t.Fatal(err)
	}
	x.settled("1", func(s State) bool { return s.Read == 100 })
	if answer, body := x.do(x.request("POST", Prefix+"/cases/1/cancel", nil)); answer.StatusCode != http.StatusAccepted || !strings.Contains(body, `"state":"cancelled"`) {
		t.Errorf("%s: %s", answer.Status, body)
	}
	state := x.settled("1", func(s State) bool { return s.Revision == 2 })
	if state.State != Cancelled || !state.Preliminary || state.Indexed || state.Error != "" {
		t.Errorf("%+v", state)
	}
	x.get("/cases/1/report", 200)
	if answer, _ := x.do(x.request("POST", Prefix+"/cases/2/cancel", nil)); answer.StatusCode != http.StatusNotFound {
		t.Error(answer.Status)
	}
}

// TestCloseWhileReading: closing a case, and the server, ends what runs.
func TestCloseWhileReading(t *testing.T) {
	x := start(t, usual)
	hold(x)
	path := capture(t, "")
	for range 2 {
		if err := x.Open([]string{path}, []string{path}); err != nil {
			t.Fatal(err)
		}
	}
	x.settled("1", func(s State) bool { return s.Read == 100 })
	began := time.Now()
	if answer, _ := x.do(x.request("DELETE", Prefix+"/cases/1", nil)); answer.StatusCode != http.StatusNoContent {
		t.Error(answer.Status)
	}
	x.settled("2", func(s State) bool { return s.Read == 100 })
	x.stop()
	if took := time.Since(began); took >= leaving {
		t.Errorf("it was given up after %v", took)
	}
}

// TestPanicOfAnalysis: an analysis that panics is a case that failed.
func TestPanicOfAnalysis(t *testing.T) {
	x := start(t, usual)
	x.analyse = func(context.Context, []string, engine.Options) (*engine.Case, error) { panic("inside only") }
	path := capture(t, "")
	if err := x.Open([]string{path}, []string{path}); err != nil {
		t.Fatal(err)
	}
	state := x.settled("1", func(s State) bool { return s.State != Reading })
	if state.State != Failed || strings.Contains(state.Error, "inside only") {
		t.Errorf("%+v", state)
	}
}
