package main

import "fmt"

// builds are the Windows builds that the sources name, in order. A range in a
// source means: seen in the first, in the last, and in every source between.
var builds = []struct {
	name   string
	number int
}{
	{"Win7-7600", 7600},
	{"Tx-2012", 8250}, // a manifest of the Windows 8 pre-release
	{"W10-10240", 10240},
	{"1511old", 10586},
	{"1607", 14393},
	{"1703", 15063},
	{"1709", 16299},
	{"1803", 17134},
	{"W10-17134", 17134},
	{"1809", 17763},
	{"1903", 18362},
	{"1909", 18363},
	{"W10-18990", 18990},
	{"2004", 19041},
	{"2009", 19042},
	{"21H1", 19043},
	{"W11-21H2", 22000},
	{"W11-22H2", 22621},
	{"W11-23H2", 22631},
	{"W11-24H2", 26100},
	{"W11-25H2", 26200},
	{"W11-26H1", 28000},
}

// buildRange turns the names of the first and last build into the builds that
// the layout is taken to hold for: from the first (0 when nothing older was
// looked at) to just before the next build that lacks it (0 when it is in the
// newest).
func buildRange(first, last string) (from, to int, err error) {
	i, j := buildIndex(first), buildIndex(last)
	if i < 0 || j < 0 || j < i {
		return 0, 0, fmt.Errorf("builds %q to %q are not in order", first, last)
	}
	if i > 0 {
		from = builds[i].number
	}
	for _, b := range builds[j+1:] {
		if b.number > builds[j].number {
			return from, b.number - 1, nil
		}
	}
	return from, 0, nil
}

func buildIndex(name string) int {
	for i, b := range builds {
		if b.name == name {
			return i
		}
	}
	return -1
}
