package reply_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/reply"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, reply.Rules()) }
