package ssrp_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/ssrp"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, ssrp.Rules()) }
