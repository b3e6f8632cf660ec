package arp_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/arp"
	"github.com/wiretale/wiretale/diag/diagtest"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, arp.Rules()) }
