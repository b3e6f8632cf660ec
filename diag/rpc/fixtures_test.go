package rpc_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/rpc"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, rpc.Rules()) }
