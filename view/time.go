package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wiretale/wiretale/trace"
)

// A Clock prints the times of rows in one of tshark's formats.
type Clock struct {
	format    string
	precision int
	zone      *time.Location
	first     int64
	previous  int64
	displayed int64
	started   bool
}

// ClockFormats are the formats that NewClock knows: seconds since the first
// record, since the record before, since the record displayed before; time of
// day, with date, with year and day of the year; the same three in UTC; seconds since 1970.
var ClockFormats = []string{"r", "d", "dd", "a", "ad", "adoy", "u", "ud", "udoy", "e"}

const (
	maxPrecision     = 9
	defaultPrecision = 6
)

// NewClock parses a format as tshark's -t takes it: a letter of ClockFormats,
// then maybe "." and the number of decimals, 0 to 9. Times of day are shown in zone.
func NewClock(format string, zone *time.Location) (*Clock, error) {
	c := &Clock{format: format, precision: defaultPrecision, zone: zone}
	if letters, digits, ok := strings.Cut(format, "."); ok {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 0 || n > maxPrecision {
			return nil, fmt.Errorf("%q: decimals are a number from 0 to %d", format, maxPrecision)
		}
		c.format, c.precision = letters, n
	}
	if !slices.Contains(ClockFormats, c.format) {
		return nil, fmt.Errorf("%q is no time format", format)
	}
	return c, nil
}

// Seen tells the clock of a record, displayed or not, before Text is asked for it.
func (c *Clock) Seen(t int64) {
	if t != trace.NoTime && !c.started {
		c.first, c.previous, c.displayed, c.started = t, t, t, true
	}
}

// Displayed is the time of the last record that was displayed; that of the first record before any was, trace.NoTime before the first.
func (c *Clock) Displayed() int64 {
	if !c.started {
		return trace.NoTime
	}
	return c.displayed
}

// Text is the time of a record that is displayed, "" when it has none.
func (c *Clock) Text(t int64) string {
	if t == trace.NoTime {
		return ""
	}
	switch c.format {
	case "r":
		return Seconds(t-c.first, c.precision)
	case "d":
		return Seconds(t-c.previous, c.precision)
	case "dd":
		return Seconds(t-c.displayed, c.precision)
	case "e":
		return Seconds(t, c.precision)
	}
	layout, zone := "15:04:05", c.zone
	switch {
	case strings.HasSuffix(c.format, "doy"):
		layout = "2006/002 15:04:05"
	case strings.HasSuffix(c.format, "d"):
		layout = "2006-01-02 15:04:05"
	}
	if strings.HasPrefix(c.format, "u") {
		zone = time.UTC
	}
	if c.precision > 0 {
		layout += "." + strings.Repeat("0", c.precision)
	}
	return time.Unix(0, t).In(zone).Format(layout)
}

// Done ends a record: the next one is measured from it.
func (c *Clock) Done(t int64, displayed bool) {
	if t == trace.NoTime {
		return
	}
	c.previous = t
	if displayed {
		c.displayed = t
	}
}

// Seconds is ns as seconds with a number of decimals, rounded down as tshark does.
func Seconds(ns int64, decimals int) string {
	sign := ""
	u := uint64(ns)
	if ns < 0 {
		sign, u = "-", -u
	}
	const second = uint64(time.Second)
	if decimals == 0 {
		return sign + strconv.FormatUint(u/second, 10)
	}
	return fmt.Sprintf("%s%d.%s", sign, u/second, fmt.Sprintf("%09d", u%second)[:decimals])
}

// Duration is ns for people: three significant digits and the unit that fits.
func Duration(ns int64) string {
	if ns < 0 {
		return "-" + Duration(-ns)
	}
	units := []struct {
		of   int64
		name string
	}{{int64(time.Second), "s"}, {int64(time.Millisecond), "ms"}, {int64(time.Microsecond), "µs"}}
	for _, u := range units {
		if ns < u.of {
			continue
		}
		whole := ns / u.of
		switch {
		case whole >= 100 || ns%u.of == 0:
			return fmt.Sprintf("%d %s", (ns+u.of/2)/u.of, u.name)
		case whole >= 10:
			return fmt.Sprintf("%.1f %s", float64(ns)/float64(u.of), u.name)
		}
		return fmt.Sprintf("%.2f %s", float64(ns)/float64(u.of), u.name)
	}
	return strconv.FormatInt(ns, 10) + " ns"
}

// ISO is t as ISO 8601 in UTC with nanoseconds, "" for NoTime.
func ISO(t int64) string {
	if t == trace.NoTime {
		return ""
	}
	return time.Unix(0, t).UTC().Format("2006-01-02T15:04:05.000000000Z")
}

// Bytes is a number of bytes for people.
func Bytes(n int64) string {
	const kilo = 1024
	switch {
	case n < 10*kilo:
		return fmt.Sprintf("%d B", n)
	case n < 10*kilo*kilo:
		return fmt.Sprintf("%d KiB", n/kilo)
	case n < 10*kilo*kilo*kilo:
		return fmt.Sprintf("%d MiB", n/kilo/kilo)
	}
	return fmt.Sprintf("%d GiB", n/kilo/kilo/kilo)
}
