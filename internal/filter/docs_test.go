package filter_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/filter"
)

// TestDocumentedFilters: every example of docs/filter.md is a filter.
func TestDocumentedFilters(t *testing.T) {
	b, err := os.ReadFile("../../docs/filter.md")
	if err != nil {
		t.Fatal(err)
	}
	remark := regexp.MustCompile(`\s{3,}\S.*$`)
	n := 0
	for _, block := range strings.Split(string(b), "```filter\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		for line := range strings.Lines(block) {
			text := remark.ReplaceAllString(strings.TrimSpace(line), "")
			if _, err := filter.Compile(text, filter.Options{}); err != nil {
				t.Errorf("%s: %v", text, err)
			}
			n++
		}
	}
	if n < 30 {
		t.Errorf("only %d examples were found", n)
	}
}
