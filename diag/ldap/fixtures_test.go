package ldap_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/ldap"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, ldap.Rules()) }
