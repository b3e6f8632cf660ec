package mtu_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/mtu"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, mtu.Rules()) }
