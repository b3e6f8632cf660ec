package flow

import "testing"

// The table against a Go map with the same key.
func BenchmarkFind(b *testing.B) {
	const n = 100_000
	keys := make([]key, n)
	for i := range keys {
		keys[i] = key{aLo: uint64(i) * 2654435761, bLo: 7, ports: uint32(i), kind: 6}
	}
	b.Run("table", func(b *testing.B) {
		t := newTable()
		for i := range keys {
			t.find(&keys[i])
		}
		i := 0
		for b.Loop() {
			i = (i + 7919) % n
			t.find(&keys[i])
		}
	})
	b.Run("map", func(b *testing.B) {
		m := map[key]*entry{}
		for i := range keys {
			m[keys[i]] = &entry{key: keys[i]}
		}
		i := 0
		for b.Loop() {
			i = (i + 7919) % n
			if m[keys[i]] == nil {
				b.Fatal("lost")
			}
		}
	})
}
