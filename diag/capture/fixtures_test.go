package capture_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/capture"
	"github.com/wiretale/wiretale/diag/diagtest"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, capture.Rules()) }
