package proto

import "testing"

type stone int

func (s stone) Weight() int { return int(s) }

func TestTableForgets(t *testing.T) {
	table := NewTable[int, stone](10, 1000)
	for i := range 100 {
		table.Put(i, 1)
		if v, ok := table.Get(0); !ok || v != 1 {
			t.Fatalf("what is used is forgotten after %d", i)
		}
		if table.Len() > 20 {
			t.Fatalf("%d entries", table.Len())
		}
	}
	if _, ok := table.Get(50); ok {
		t.Error("an old entry is still there")
	}
	table = NewTable[int, stone](1000, 100)
	for i := range 100 {
		table.Put(i, 30)
		if table.Len() > 8 {
			t.Fatalf("%d entries of 30 bytes", table.Len())
		}
	}
	table.Drop(99)
	table.Drop(99)
	if _, ok := table.Get(99); ok || table.held > 120 {
		t.Errorf("a dropped entry is there, or %d bytes are", table.held)
	}
}

func TestTextsAreKeptOnce(t *testing.T) {
	texts := NewTexts(10, 100)
	b := []byte("a.txt")
	first := texts.Keep(b)
	b[0] = 'b'
	if got := texts.Keep(b); first != "a.txt" || got != "b.txt" {
		t.Errorf("%s, %s", first, got)
	}
	if n := testing.AllocsPerRun(100, func() { texts.Keep(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for i := range 1000 {
		texts.Keep([]byte{byte(i), byte(i >> 8)})
	}
	if texts.Len() > 20 {
		t.Errorf("%d texts", texts.Len())
	}
}
