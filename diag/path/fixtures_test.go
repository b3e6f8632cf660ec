package path_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/path"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, path.Rules()) }
