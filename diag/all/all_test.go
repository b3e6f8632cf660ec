package all_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/diag/all"
)

func TestRulesAreComplete(t *testing.T) {
	if err := diag.Validate(all.All()); err != nil {
		t.Error(err)
	}
}
