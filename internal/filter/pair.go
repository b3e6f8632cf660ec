package filter

// symmetric are columns that are the same for all packets between two
// endpoints, for those that tell one of them from the other. A test of the
// latter for equality can pass only where that of the former does.
var symmetric = map[string]string{
	"ip.addr": "ip.addr", "ip.src": "ip.addr", "ip.dst": "ip.addr",
	"ipv6.addr": "ipv6.addr", "ipv6.src": "ipv6.addr", "ipv6.dst": "ipv6.addr",
	"tcp.port": "tcp.port", "tcp.srcport": "tcp.port", "tcp.dstport": "tcp.port",
	"udp.port": "udp.port", "udp.srcport": "udp.port", "udp.dstport": "udp.port",
}

// layers are the protocols that all packets between two endpoints have, or none.
var layers = map[string]bool{"ip": true, "ipv6": true, "tcp": true, "udp": true}

// Pair is a weaker filter that looks at endpoints alone: of a packet that has
// one network layer and one transport it says the same as of all packets
// between these endpoints, in both directions, and when it does not pass, f
// passes none of them. It is nil when endpoints say nothing.
func (f *Filter) Pair() *Filter {
	if f.tree == nil {
		return nil
	}
	tree := pairNode(f.tree)
	if tree == nil {
		return nil
	}
	return &Filter{text: f.text, tree: tree, location: f.location}
}

// pairNode is the part of a test that endpoints decide, nil when it may pass whatever they are.
func pairNode(n *node) *node {
	switch n.kind {
	case logicNode:
		return pairLogic(n)
	case wordNode:
		if w := symmetricWord(n); w != nil || !layers[n.text] {
			return w
		}
		return n
	case compareNode, inNode:
		if n.kind == compareNode && n.op != "==" || n.match == allMatch {
			return nil
		}
		return symmetricKids(n)
	}
	return nil
}

func pairLogic(n *node) *node {
	var kids []*node
	for _, kid := range n.kids {
		k := pairNode(kid)
		switch {
		case k != nil:
			kids = append(kids, k)
		case n.op != "&&":
			return nil
		}
	}
	switch {
	case n.op == "^^" || len(kids) == 0:
		return nil
	case len(kids) == 1:
		return kids[0]
	}
	weaker := *n
	weaker.kids = kids
	return &weaker
}

// symmetricKids is a test of one column with constants.
func symmetricKids(n *node) *node {
	weaker := *n
	weaker.kids = make([]*node, len(n.kids))
	columns := 0
	for i, kid := range n.kids {
		weaker.kids[i] = kid
		if w := symmetricWord(kid); w != nil {
			weaker.kids[i] = w
			columns++
		} else if kid.kind != rangeNode && !isConstant(kid) {
			return nil
		}
	}
	if columns != 1 {
		return nil
	}
	return &weaker
}

func symmetricWord(n *node) *node {
	if n.kind != wordNode || symmetric[n.text] == "" {
		return nil
	}
	w := *n
	w.text = symmetric[n.text]
	return &w
}
