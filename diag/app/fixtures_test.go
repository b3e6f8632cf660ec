package app_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/app"
	"github.com/wiretale/wiretale/diag/diagtest"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, app.Rules()) }
