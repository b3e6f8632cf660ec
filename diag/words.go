package diag

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Count is a number with its noun: "1 packet", "3 packets", "2 replies", "2 searches".
func Count[N int | int64](n N, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "ch"):
		return fmt.Sprintf("%d %ses", n, noun)
	case strings.HasSuffix(noun, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(noun, "y"))
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Duration prints three digits with their unit: "3.08 s", "43.7 ms", "518 µs".
func Duration(d time.Duration) string {
	unit, name := time.Nanosecond, "ns"
	switch {
	case d >= time.Second:
		unit, name = time.Second, "s"
	case d >= time.Millisecond:
		unit, name = time.Millisecond, "ms"
	case d >= time.Microsecond:
		unit, name = time.Microsecond, "µs"
	}
	f := float64(d) / float64(unit)
	decimals := 0
	switch {
	case unit == time.Nanosecond || f >= 100:
	case f >= 10:
		decimals = 1
	default:
		decimals = 2
	}
	return strconv.FormatFloat(f, 'f', decimals, 64) + " " + name
}

// List joins up to most of the words: "a, b and c", "a, b and 7 more".
func List(words []string, most int) string {
	if n := len(words); n > most {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), n-most)
	}
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}

// Distinct are the texts of a list in order, each once.
func Distinct[T any](list []T, text func(T) string) (out []string) {
	seen := map[string]bool{}
	for _, one := range list {
		if t := text(one); t != "" && !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}
