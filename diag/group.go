package diag

// Groups joins what has a key in common, in order of appearance.
func Groups[T any, K comparable](list []T, key func(T) K) [][]T {
	return GroupsOf(list, func(x T) (K, bool) { return key(x), true })
}

// GroupsOf is [Groups] of what has a key at all.
func GroupsOf[T any, K comparable](list []T, key func(T) (K, bool)) (out [][]T) {
	index := map[K]int{}
	for _, x := range list {
		k, ok := key(x)
		if !ok {
			continue
		}
		i, known := index[k]
		if !known {
			i = len(out)
			index[k] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], x)
	}
	return out
}
