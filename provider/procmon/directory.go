package procmon

import "github.com/wiretale/wiretale/field"

// nameAt is where the name of an entry lies in the structures of a directory listing, and lengthAt its length in bytes,
// by FILE_INFORMATION_CLASS: [MS-FSCC] 2.4.10, 2.4.14, 2.4.8, 2.4.33, 2.4.23, 2.4.24. Each begins with the offset of the next one.
var nameAt = map[uint64]struct{ lengthAt, nameAt int }{
	1: {60, 64}, 2: {60, 68}, 3: {60, 94}, 12: {8, 12}, 37: {60, 104}, 38: {60, 80},
}

// maxEntries bounds the entries of a listing: 64 KiB have no more.
const maxEntries = 4096

// queryDirectory is a listing. The filter behind the path is part of the path.
func (d *decoder) queryDirectory(r *request, path string, at field.Span) {
	filter, span, _ := d.text(r.rest, 2, counted(r.rest.number(0, 2)))
	if filter != "" && path != "" {
		if path[len(path)-1] != '\\' {
			path += `\`
		}
		path += filter
	}
	d.common(path, at)
	if filter != "" {
		d.put(fFilter, filter, span)
	}
	class, classAt := d.by(r, 8, 16, 4)
	if class >= uint64(len(informationClasses)) || !d.hasExtra {
		return
	}
	if list := d.entries(class); len(list) > 0 {
		d.e.PutList(fEntries, list, d.extra.span(0, len(d.extra.b)))
	}
	d.put(fFileInformationClass, informationClasses[class], classAt)
}

// entries are the names of a listing.
func (d *decoder) entries(class uint64) []field.Value {
	layout, ok := nameAt[class]
	if !ok {
		return nil
	}
	var out []field.Value
	for p := d.extra; len(out) < maxEntries; {
		n := int(p.number(layout.lengthAt, 4))
		if !p.has(layout.nameAt, n) || !p.has(layout.lengthAt, 4) {
			break
		}
		name, _ := d.wide(p, layout.nameAt, n)
		out = append(out, field.S(name))
		next := int(p.number(0, 4))
		if next == 0 || next > len(p.b) {
			break
		}
		p = p.cut(next)
	}
	return out
}
