package tracefs

import (
	"strconv"
	"strings"
)

// parseLost reads per_cpu/cpuN/stats: records that were overwritten, that had no room, and those whose writer was itself interrupted too often.
func parseLost(text string) (n uint64) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "overrun", "commit overrun", "dropped events":
			v, _ := strconv.ParseUint(value, 10, 64)
			n += v
		}
	}
	return n
}
