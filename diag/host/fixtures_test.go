package host_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/host"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, host.Rules()) }
