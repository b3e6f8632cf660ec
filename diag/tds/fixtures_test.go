package tds_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/tds"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, tds.Rules()) }
