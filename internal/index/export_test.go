package index

// InParts makes passes read parts of small files too, however much of them that is. It reports how many sources can be read in parts.
func (x *Index) InParts() (n int) {
	x.worth = worth{beginning: 0, percent: 1 << 30}
	for _, s := range x.sources {
		if x.part(s, nil, s.n) != nil {
			n++
		}
	}
	return n
}
