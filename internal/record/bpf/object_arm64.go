//go:build linux

package bpf

import _ "embed"

//go:embed trace_arm64.o
var object []byte

// systemCalls are the numbers of the calls on this processor, in the order of package event (asm-generic/unistd.h).
var systemCalls = []uint16{0, 198, 200, 201, 202, 242, 203, 206, 211, 269, 207, 212, 243, 63, 64, 65, 66, 210, 57}
