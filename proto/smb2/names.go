package smb2

import "github.com/wiretale/wiretale/proto"

// interned keeps one copy of each name that comes again and again.
type interned struct {
	proto.Texts
	scratch []byte
}

// join is a text of UTF-16LE behind another one, with a backslash between them when neither is empty.
func (n *interned) join(share string, wide []byte) string {
	b := append(n.scratch[:0], share...)
	if share != "" && len(wide) > 1 {
		b = append(b, '\\')
	}
	n.scratch = appendText(b, wide)
	return n.Keep(n.scratch)
}
