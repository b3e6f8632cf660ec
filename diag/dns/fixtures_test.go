package dns_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/dns"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, dns.Rules()) }
