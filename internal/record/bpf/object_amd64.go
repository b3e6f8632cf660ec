//go:build linux

package bpf

import _ "embed"

//go:embed trace_amd64.o
var object []byte

// systemCalls are the numbers of the calls on this processor, in the order of package event (asm/unistd_64.h).
var systemCalls = []uint16{0, 41, 49, 50, 43, 288, 42, 44, 46, 307, 45, 47, 299, 0, 1, 19, 20, 48, 3}
