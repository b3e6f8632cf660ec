package flow

import "iter"

// Conversations are those of a case, in order of their number.
type Conversations struct {
	list []*Conversation
}

// List is a list of the conversations given.
func List(convs ...*Conversation) Conversations { return Conversations{convs} }

// Len is how many there are.
func (c Conversations) Len() int { return len(c.list) }

// At is the one at place i. Of a case that was not filtered, that is the one with the ID i.
func (c Conversations) At(i int) *Conversation { return c.list[i] }

// All yields all of them in order. They may be kept.
func (c Conversations) All() iter.Seq[*Conversation] {
	return func(yield func(*Conversation) bool) {
		for _, conv := range c.list {
			if !yield(conv) {
				return
			}
		}
	}
}

// Add appends what the tracker of one more source found. Numbers become unique.
func (c *Conversations) Add(t *Tracker) {
	base := len(c.list)
	for _, conv := range t.Conversations() {
		conv.ID += base
		c.list = append(c.list, conv)
	}
}
