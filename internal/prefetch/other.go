//go:build !amd64 && !arm64

package prefetch

import "unsafe"

// Lines asks for n lines from the one that p lies in. Here it does nothing.
func Lines(unsafe.Pointer, int) {}

// Two asks for the line that p lies in and the next one, and for the line of q. Here it does nothing.
func Two(_, _ unsafe.Pointer) {}

// Each asks for the line of each of them. Here it does nothing.
func Each(_, _, _ unsafe.Pointer) {}
