package tcp_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/tcp"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, tcp.Rules()) }
