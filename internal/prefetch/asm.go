//go:build amd64 || arm64

package prefetch

import "unsafe"

// Lines asks for n lines from the one that p lies in. Any address is good: what is not there is not fetched.
//
//go:noescape
func Lines(p unsafe.Pointer, n int)
