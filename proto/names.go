package proto

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"github.com/wiretale/wiretale/field"
)

// Each row: the field that the values belong to, value, name. The names are
// those of Wireshark and of the IANA registries.
//
//go:embed names.tsv
var namesTSV string

var loadNames = sync.OnceValue(func() map[string]field.Names {
	all := make(map[string]field.Names)
	for line := range strings.Lines(namesTSV) {
		name, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		number, text, ok := strings.Cut(rest, "\t")
		v, err := strconv.ParseUint(number, 10, 64)
		if !ok || err != nil {
			panic("proto: names.tsv: " + line)
		}
		if all[name] == nil {
			all[name] = make(field.Names)
		}
		all[name][v] = text
	}
	return all
})

// Names are the names of the values of a field, by Wireshark's name of the
// field ("eth.type", "ip.proto"). It panics for a field without a table: it
// is for the declarations of field tables.
func Names(name string) field.Names {
	n := loadNames()[name]
	if n == nil {
		panic("proto: no names for " + name)
	}
	return n
}
