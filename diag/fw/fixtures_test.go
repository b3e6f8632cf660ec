package fw_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/fw"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, fw.Rules()) }
