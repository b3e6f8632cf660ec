// Package reply holds the diagnoses of answers that are not what was asked for.
package reply

import "github.com/wiretale/wiretale/diag"

// Rules lists the family.
func Rules() []*diag.Rule { return []*diag.Rule{OtherAddress} }
