package http_test

import (
	"testing"

	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/diag/http"
)

func TestFixtures(t *testing.T) { diagtest.Run(t, http.Rules()) }
