package ber

import "github.com/wiretale/wiretale/field"

// A Kind is what the content of an element is.
type Kind uint8

const (
	Label    Kind = iota // nothing that is shown but the name; Of are the elements in it, in order
	Unsigned             // of 32 bits
	Signed               // of 32 bits
	Flag
	Octets
	Text
	Time     // GeneralizedTime
	OID      // in dots
	Bits     // a bit string: its bytes, and behind it its Flags
	List     // how many elements it has; Of[0] is each of them
	Choice   // which of Of it is: their Number
	Digits   // an OID as text, as LDAP has it
	GUID     // 16 bytes
	IPv4     // 4 bytes
	IPv6     // 16 bytes
	Readable // text, or bytes in hex when it is none
	Any      // of any type: Choose finds which of Cases it is
)

// types are those of the values.
var types = [...]field.Type{
	Label: field.None, Unsigned: field.Uint, Signed: field.Int, Flag: field.Bool, Octets: field.Bytes, Text: field.String, Time: field.Time,
	OID: field.String, Bits: field.Bytes, List: field.Uint, Choice: field.Uint, Digits: field.String, GUID: field.GUID, Readable: field.String, IPv4: field.IPv4, IPv6: field.IPv6, Any: field.None,
}

// A Node is an element of a grammar.
type Node struct {
	Name  string // of the field, "" for one that is not shown
	Title string
	Kind  Kind
	Names field.Names
	Hex   bool // a number of 4 bytes that is printed in hex
	// Tag is the identifier octet. 0 takes any; of a Choice, those of its alternatives.
	Tag byte
	// Explicit marks a tag whose content is the element with the value (X.680, 31.2.7).
	Explicit bool
	Of       []*Node
	Number   uint64   // as an alternative of a Choice
	Flags    []string // fields of the bits, from the first one; "" for one without a name
	// Read reads the content of a value whose form no Kind has; the type is that of Kind.
	Read func(content []byte) (field.Value, bool)
	// Keep keeps the value in this place of Kept, less one, for what follows. A node with elements in it has Keep when one of them has.
	Keep int
	// Unused is the field with the number of bits of a bit string that do not count, "" for none.
	Unused string
	// Choose finds what lies in an octet string, or in the bytes of a bit string: the index of one of Cases, or -1.
	// A case without a tag is another form of the content itself.
	Choose func(k *Kept, content []byte) int
	Cases  []*Node
	// Instead shows the case in place of the octets.
	Instead bool

	id, field int // of the compiled grammar
	unused    int
	flags     []int
}

// Kept are the values that nodes keep.
type Kept [2]field.Value

// match reports whether an element with this tag is the node's.
func (n *Node) match(tag byte) bool {
	switch {
	case n.Tag != 0:
		return n.Tag == tag
	case n.Kind == Choice:
		return n.alternative(tag) != nil
	}
	return true
}

func (n *Node) alternative(tag byte) *Node {
	for _, a := range n.Of {
		if a.match(tag) {
			return a
		}
	}
	return nil
}

// below are the nodes that a node leads to.
func (n *Node) below(yield func(*Node)) {
	for _, one := range n.Of {
		yield(one)
	}
	for _, one := range n.Cases {
		yield(one)
	}
}
