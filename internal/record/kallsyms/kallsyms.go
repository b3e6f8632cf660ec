//go:build linux

// Package kallsyms names addresses in the kernel.
package kallsyms

import (
	"bufio"
	"os"
	"slices"
	"strconv"
	"strings"
)

// A symbol is the beginning of a function in the kernel.
type symbol struct {
	at   uint64
	name string
}

// Load reads the functions of the kernel, which takes privileges: without them all addresses are 0, and there are no names.
func Load() func(uint64) string {
	list := kernelSymbols("/proc/kallsyms")
	return func(at uint64) string {
		i, found := slices.BinarySearchFunc(list, at, func(s symbol, at uint64) int {
			switch {
			case s.at < at:
				return -1
			case s.at > at:
				return 1
			}
			return 0
		})
		if found {
			return list[i].name
		}
		if i == 0 || i == len(list) {
			return ""
		}
		return list[i-1].name
	}
}

func kernelSymbols(path string) (list []symbol) {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		w := strings.Fields(s.Text())
		if len(w) < 3 || w[1] != "t" && w[1] != "T" {
			continue
		}
		if at, err := strconv.ParseUint(w[0], 16, 64); err == nil && at != 0 {
			list = append(list, symbol{at, w[2]})
		}
	}
	slices.SortFunc(list, func(a, b symbol) int {
		if a.at < b.at {
			return -1
		}
		return 1
	})
	return list
}
