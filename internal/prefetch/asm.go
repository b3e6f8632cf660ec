//go:build amd64 || arm64

package prefetch

import "unsafe"

// Lines asks for n lines from the one that p lies in. Any address is good: what is not there is not fetched.
//
//go:noescape
func Lines(p unsafe.Pointer, n int)

// Two asks for the line that p lies in and the next one, and for the line of q.
//
//go:noescape
func Two(p, q unsafe.Pointer)

// Each asks for the line of each of them.
//
//go:noescape
func Each(a, b, c unsafe.Pointer)
