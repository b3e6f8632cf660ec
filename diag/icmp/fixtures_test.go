package icmp_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/icmp"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, icmp.Rules()) }
