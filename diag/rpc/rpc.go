// Package rpc holds the diagnoses of remote procedure calls (DCE RPC, MS-RPC): endpoints that cannot be reached, and calls that are refused.
package rpc

import "github.com/wiretale/wiretale/diag"

// Rules lists the family.
func Rules() []*diag.Rule { return []*diag.Rule{DynamicBlocked, Fault} }
