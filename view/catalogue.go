package view

import (
	"github.com/wiretale/wiretale/diag"
	diagnoses "github.com/wiretale/wiretale/diag/all"
	"github.com/wiretale/wiretale/internal/contrast"
)

// Catalogue is every diagnosis: of one run, and of two.
func Catalogue() []*diag.Rule { return append(diagnoses.All(), contrast.Rule) }
