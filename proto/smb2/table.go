package smb2

// A table is a map that holds so many entries, and entries of so many bytes:
// beyond that those go that were not used for longest. It keeps two generations, and the older one is forgotten when the younger one is full.
type table[K comparable, V entry] struct {
	young, aged map[K]V
	most        int // entries of a generation
	room        int // bytes of a generation
	held        int // bytes of the young
}

// An entry of a table says how many bytes of text it keeps.
type entry interface{ weight() int }

func newTable[K comparable, V entry](most, room int) table[K, V] {
	return table[K, V]{most: most, room: room}
}

// get is the entry of a key. It counts as used.
func (t *table[K, V]) get(k K) (v V, ok bool) {
	if v, ok = t.young[k]; ok {
		return v, true
	}
	if v, ok = t.aged[k]; ok {
		t.put(k, v)
	}
	return v, ok
}

// put sets the entry of a key.
func (t *table[K, V]) put(k K, v V) {
	t.drop(k)
	if len(t.young) >= t.most || t.held >= t.room {
		t.young, t.aged, t.held = t.aged, t.young, 0
		clear(t.young)
	}
	if t.young == nil {
		t.young = map[K]V{}
	}
	t.young[k] = v
	t.held += v.weight()
}

func (t *table[K, V]) drop(k K) {
	if v, ok := t.young[k]; ok {
		t.held -= v.weight()
		delete(t.young, k)
		return
	}
	delete(t.aged, k)
}

// interned keeps one copy of each text that comes again and again.
type interned struct {
	table[string, text8]
	scratch []byte
}

// text8 is text in UTF-8.
type text8 string

func (t text8) weight() int { return len(t) }

// keep is b as text. It does not allocate for what was kept before.
func (n *interned) keep(b []byte) string {
	if t, ok := n.young[string(b)]; ok {
		return string(t)
	}
	t, ok := n.aged[string(b)]
	if !ok {
		t = text8(b)
	}
	n.put(string(t), t)
	return string(t)
}

// join is a text of UTF-16LE behind another one, with a backslash between them when neither is empty.
func (n *interned) join(share string, wide []byte) string {
	b := append(n.scratch[:0], share...)
	if share != "" && len(wide) > 1 {
		b = append(b, '\\')
	}
	n.scratch = appendText(b, wide)
	return n.keep(n.scratch)
}
