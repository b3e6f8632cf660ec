package tls_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/tls"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, tls.Rules()) }
