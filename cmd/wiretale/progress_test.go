package main

import (
	"strings"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out, true)
	if p.w != nil {
		t.Error("a bar on what is no terminal")
	}
	p.update(0, 1, 2) // silent
	p.w = &out
	p.update(0, 50, 200)
	if out.Len() > 0 {
		t.Errorf("a bar after no time: %q", out.String())
	}
	p.start = time.Now().Add(-2 * progressAfter)
	p.update(1, 100, 400)
	if !strings.Contains(out.String(), "25%") { // 150 of 600
		t.Errorf("got %q, want 25%%", out.String())
	}
	p.finish()
	if p.bar != nil {
		t.Error("the bar stays")
	}
	if p.update(2, 1, -1); p.total[2] != -1 {
		t.Error("a source of unknown size is not remembered")
	}
	if _, all := p.sums(); all != -1 {
		t.Errorf("sum %d of sources, one of unknown size; want -1", all)
	}
}
