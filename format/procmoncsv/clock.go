package procmoncsv

import (
	"strconv"
	"strings"
	"time"

	"github.com/wiretale/wiretale/trace"
)

// A clock puts the columns of times together: the date has seconds, the time of day has seven decimals and no date.
// Both are local time of the machine that exported, in the way of its region; no zone is written, so they are taken as UTC.
type clock struct {
	last int64 // time of day of the row before, ns; -1 before the first
	days int64 // midnights that were passed, of rows without a date
}

func newClock() clock { return clock{last: -1} }

// time is the time of a row.
func (c *clock) time(v *values) int64 {
	of, ok := timeOf(string(v[timeOfDay]))
	date, seconds, dated := dateOf(string(v[dateAndTime]))
	switch {
	case ok && dated:
		// The seconds of both agree; the date alone says which day.
		return date + of
	case dated && seconds >= 0:
		return date + seconds
	case ok:
		if c.last >= 0 && of < c.last-day/2 {
			c.days++
		} else if c.last >= 0 && of > c.last+day/2 && c.days > 0 {
			return of + (c.days-1)*day // an event of the evening before, out of order
		}
		c.last = of
		return of + c.days*day
	}
	if rel, ok := timeOf(string(v[relativeTime])); ok {
		return rel
	}
	return trace.NoTime
}

// timeOf reads a time of day in nanoseconds: 4:33:14.3062614 PM, 16:33:14,3062614, 00:00:02.5537873.
func timeOf(s string) (int64, bool) {
	s, suffix, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(s), "\u202f", " "), " ")
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return 0, false
	}
	sec, fraction, _ := strings.Cut(strings.Replace(parts[2], ",", ".", 1), ".")
	h, err1 := strconv.ParseUint(parts[0], 10, 16)
	m, err2 := strconv.ParseUint(parts[1], 10, 8)
	n, err3 := strconv.ParseUint(sec, 10, 8)
	if err1 != nil || err2 != nil || err3 != nil || h > 9999 || m > 59 || n > 60 || len(fraction) > 9 {
		return 0, false
	}
	switch strings.ToUpper(suffix) {
	case "PM":
		if h < 12 {
			h += 12
		}
	case "AM":
		h %= 12
	}
	f := uint64(0)
	if fraction != "" {
		var err error
		if f, err = strconv.ParseUint(fraction+strings.Repeat("0", 9-len(fraction)), 10, 32); err != nil {
			return 0, false
		}
	}
	return int64(h*3600+m*60+n)*int64(time.Second) + int64(f), true
}

// dateOf reads a date as nanoseconds since 1970, and the time that follows it, -1 without one. The order of day and
// month is the region's: 7/31/2020 with AM or PM is American, 31/7/2020 is not, 31.7.2020 and 2020-7-31 are clear.
func dateOf(s string) (date, seconds int64, ok bool) {
	d, clock, _ := strings.Cut(strings.TrimSpace(s), " ")
	seconds = -1
	if of, ok := timeOf(clock); ok {
		seconds = of
	}
	parts := strings.FieldsFunc(d, func(r rune) bool { return r == '/' || r == '.' || r == '-' })
	if len(parts) != 3 {
		return 0, -1, false
	}
	var n [3]int
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return 0, -1, false
		}
		n[i] = int(v)
	}
	year, month, dayOf := n[2], n[0], n[1]
	switch {
	case n[0] > 31:
		year, month, dayOf = n[0], n[1], n[2]
	case strings.ContainsAny(d, ".-"), n[0] > 12, n[1] <= 12 && !strings.HasSuffix(strings.ToUpper(s), "M"):
		month, dayOf = n[1], n[0]
	}
	if year < 1970 || year > 2261 || month < 1 || month > 12 || dayOf < 1 || dayOf > 31 {
		return 0, -1, false
	}
	return time.Date(year, time.Month(month), dayOf, 0, 0, 0, 0, time.UTC).UnixNano(), seconds, true
}
