package smb_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/smb"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, smb.Rules()) }
