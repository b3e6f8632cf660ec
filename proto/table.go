package proto

// A Table is a map that holds so many entries, and entries of so many bytes:
// beyond that those go that were not used for longest. It keeps two generations, and the older one is forgotten when the younger one is full.
type Table[K comparable, V Entry] struct {
	young, aged map[K]V
	most        int // entries of a generation
	room        int // bytes of a generation
	held        int // bytes of the young
}

// An Entry of a table says how many bytes it keeps. It does not change while it is in a table.
type Entry interface{ Weight() int }

// NewTable is an empty table. Each of its two generations has up to most entries, and takes no more when they keep room bytes.
func NewTable[K comparable, V Entry](most, room int) Table[K, V] {
	return Table[K, V]{most: most, room: room}
}

// Get is the entry of a key. It counts as used.
func (t *Table[K, V]) Get(k K) (v V, ok bool) {
	if v, ok = t.young[k]; ok {
		return v, true
	}
	if v, ok = t.aged[k]; ok {
		t.Put(k, v)
	}
	return v, ok
}

// Put sets the entry of a key.
func (t *Table[K, V]) Put(k K, v V) {
	t.Drop(k)
	if len(t.young) >= t.most || t.held >= t.room {
		t.young, t.aged, t.held = t.aged, t.young, 0
		clear(t.young)
	}
	if t.young == nil {
		t.young = map[K]V{}
	}
	t.young[k] = v
	t.held += v.Weight()
}

// Drop forgets the entry of a key.
func (t *Table[K, V]) Drop(k K) {
	if v, ok := t.young[k]; ok {
		t.held -= v.Weight()
		delete(t.young, k)
		return
	}
	delete(t.aged, k)
}

// Len is how many entries there are.
func (t *Table[K, V]) Len() int { return len(t.young) + len(t.aged) }

// Texts keep one copy of each text that comes again and again.
type Texts struct{ Table[string, text] }

// NewTexts keeps as many texts, and as many bytes of them, as a table has.
func NewTexts(most, room int) Texts { return Texts{NewTable[string, text](most, room)} }

// text is text that weighs what it is long.
type text string

func (t text) Weight() int { return len(t) }

// Keep is b as text. It does not allocate for what was kept before.
func (n *Texts) Keep(b []byte) string {
	if t, ok := n.young[string(b)]; ok {
		return string(t)
	}
	t, ok := n.aged[string(b)]
	if !ok {
		t = text(b)
	}
	n.Put(string(t), t)
	return string(t)
}
