package diag

import "fmt"

// Size is a number of bytes as sizes of requests and buffers are named: "64 KiB", "1.5 MiB", "100 bytes".
func Size[N int64 | float64](bytes N) string {
	switch b := float64(bytes); {
	case b >= 1<<20:
		return fmt.Sprintf("%.4g MiB", b/(1<<20))
	case b >= 1<<10:
		return fmt.Sprintf("%.4g KiB", b/(1<<10))
	case b == 1:
		return "1 byte"
	default:
		return fmt.Sprintf("%.4g bytes", b)
	}
}
