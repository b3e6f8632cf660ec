package diag

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Uncertain is a time with its error, both to the same place: two digits of the error, and no digit of the value beyond them: "531.5 ms ± 2.9 ms".
// step is how fine the clocks are in nanoseconds: nothing finer is printed.
func Uncertain(ns, err, step int64) string {
	return Within(ns, err, step) + " ± " + Within(err, err, step)
}

// Within is the value of Uncertain alone.
func Within(ns, err, step int64) string {
	digit := int64(1) // the place of the last digit
	for digit*100 <= err {
		digit *= 10
	}
	for digit*10 <= step {
		digit *= 10
	}
	negative := ns < 0
	if negative {
		ns = -ns
	}
	ns = (ns + digit/2) / digit * digit
	text := exactly(ns, digit)
	if negative && ns != 0 {
		return "-" + text
	}
	return text
}

// exactly is a time of 0 or more in its largest unit, with the digits down to that place.
func exactly(ns, digit int64) string {
	if ns >= int64(time.Minute) {
		return clockTime(ns, digit)
	}
	unit, name := int64(1), "ns"
	for _, u := range []struct {
		of   int64
		name string
	}{{int64(time.Second), "s"}, {int64(time.Millisecond), "ms"}, {int64(time.Microsecond), "µs"}} {
		if ns >= u.of || digit >= u.of/10 {
			unit, name = u.of, u.name
			break
		}
	}
	return decimal(ns, unit, digit) + " " + name
}

// clockTime is a time of a minute or more: "5 h 0 min 0.53 s".
func clockTime(ns, digit int64) string {
	const minute, hour, day = int64(time.Minute), int64(time.Hour), 24 * int64(time.Hour)
	var parts []string
	for _, u := range []struct {
		of   int64
		name string
	}{{day, "d"}, {hour, "h"}, {minute, "min"}} {
		if n := ns / u.of; n > 0 || len(parts) > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, u.name))
		}
		ns %= u.of
	}
	return strings.Join(append(parts, decimal(ns, int64(time.Second), digit)+" s"), " ")
}

// decimal is ns in the unit, with the digits down to that place.
func decimal(ns, unit, digit int64) string {
	places := 0
	for d := unit; d > digit && d > 1; d /= 10 {
		places++
	}
	whole := strconv.FormatInt(ns/unit, 10)
	if places == 0 {
		return whole
	}
	return whole + "." + fmt.Sprintf("%0*d", len(strconv.FormatInt(unit, 10))-1, ns%unit)[:places]
}

// Drift is a drift of a clock in parts per billion, between two limits, in parts per million; "" when it could be none.
func Drift(drift, slowest, fastest int64) string {
	if slowest <= 0 && fastest >= 0 {
		return ""
	}
	err := max(fastest-drift, drift-slowest)
	digit := int64(1)
	for digit*100 <= err {
		digit *= 10
	}
	sign := "+"
	if drift < 0 {
		sign, drift = "-", -drift
	}
	round := func(n int64) string { return decimal((n+digit/2)/digit*digit, 1000, digit) }
	return fmt.Sprintf("%s%s ppm ± %s ppm", sign, round(drift), round(err))
}
