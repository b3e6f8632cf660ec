package krb_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/krb"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, krb.Rules()) }
