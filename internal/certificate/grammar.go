package certificate

import (
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/ber"
)

// Grammar is that of certificates (RFC 5280, 4.1), whose fields have the names of Wireshark's.
var Grammar = ber.Compile(&ber.Node{Tag: ber.SequenceTag, Of: []*ber.Node{
	sequence("x509af.signedCertificate",
		inside(0, named("x509af.version", ber.Signed, field.Names{0: "v1", 1: "v2", 2: "v3"})),
		tagged(ber.Integer, leaf("x509af.serialNumber", ber.Octets)),
		algorithm("x509af.signature", outer),
		choice("x509af.issuer", nameNames, tagged(ber.SequenceTag, rdnSequence("x509if.rdnSequence"))),
		sequence("x509af.validity", moment("x509af.notBefore"), moment("x509af.notAfter")),
		choice("x509af.subject", nameNames, tagged(ber.SequenceTag, rdnSequence("x509af.rdnSequence"))),
		publicKey(),
		tagged(ber.Context(1, false), leaf("x509af.issuerUniqueIdentifier", ber.Bits)),
		tagged(ber.Context(2, false), leaf("x509af.subjectUniqueIdentifier", ber.Bits)),
		inside(3, list("x509af.extensions", extension())),
	),
	algorithm("x509af.algorithmIdentifier", outer),
	padded(leaf("x509af.encrypted", ber.Bits)),
}})

// Places of what is kept: numbers of algorithms, attributes and extensions, and those of algorithms that parameters of another one name.
const (
	outer = 1
	inner = 2
)

// titles are the labels that the names do not tell.
var titles = map[string]string{
	"x509af.algorithm.id": "Algorithm Id", "x509af.extension.id": "Extension Id", "x509if.oid": "Object Id", "x509ce.id": "Id",
	"x509ce.IPAddress.ipv4": "iPAddress", "x509ce.IPAddress.ipv6": "iPAddress", "x509ce.type_id": "type-id",
}

func leaf(name string, kind ber.Kind) *ber.Node {
	title, ok := titles[name]
	if !ok {
		_, title, _ = strings.Cut(name, ".")
		title = strings.TrimSuffix(title, "_element")
		if item, ok := strings.CutSuffix(title, "_item"); ok {
			title = item + " item"
		}
	}
	return &ber.Node{Name: name, Title: title, Kind: kind}
}

func named(name string, kind ber.Kind, names field.Names) *ber.Node {
	n := leaf(name, kind)
	n.Names = names
	return n
}

func tagged(tag byte, n *ber.Node) *ber.Node {
	n.Tag = tag
	return n
}

// inside puts a node in a tag of its own.
func inside(tag byte, n *ber.Node) *ber.Node {
	n.Tag, n.Explicit = ber.Context(tag, true), true
	return n
}

func sequence(name string, of ...*ber.Node) *ber.Node {
	n := leaf(name+"_element", ber.Label)
	n.Tag, n.Of = ber.SequenceTag, of
	return n
}

func list(name string, of *ber.Node) *ber.Node {
	n := leaf(name, ber.List)
	n.Tag, n.Of = ber.SequenceTag, []*ber.Node{of}
	return n
}

// choice is one of several nodes, which are numbered in their order; nil has no name.
func choice(name string, names field.Names, of ...*ber.Node) *ber.Node {
	n := named(name, ber.Choice, names)
	for i, one := range of {
		if one != nil {
			one.Number, n.Of = uint64(i), append(n.Of, one)
		}
	}
	return n
}

// padded is a bit string that says how many of its bits do not count.
func padded(n *ber.Node) *ber.Node {
	n.Tag, n.Unused = ber.BitString, "ber.bitstring.padding"
	return n
}

// identified is the object identifier that tells what follows it.
func identified(name string, place int) *ber.Node {
	n := tagged(ber.ObjectIdentifier, leaf(name, ber.OID))
	n.Keep = place
	return n
}

// by chooses a case by the identifier that was kept.
func by(place int, cases map[string]int) func(*ber.Kept, []byte) int {
	return func(k *ber.Kept, _ []byte) int {
		if i, ok := cases[k[place-1].S]; ok {
			return i
		}
		return -1
	}
}

// moment is a date (RFC 5280, 4.1.2.5).
func moment(name string) *ber.Node {
	short := tagged(utcTime, leaf("x509af.utcTime", ber.Text))
	short.Read = func(content []byte) (field.Value, bool) {
		t := Time(utcTime, content)
		return field.S(t.Format("2006-01-02 15:04:05 (UTC)")), !t.IsZero()
	}
	return choice(name, field.Names{0: "utcTime", 1: "generalizedTime"}, short, tagged(generalizedTime, leaf("x509af.generalizedTime", ber.Time)))
}

// Numbers of algorithms whose parameters are fields.
const (
	rsaKey = "1.2.840.113549.1.1.1"
	rsaPSS = "1.2.840.113549.1.1.10"
	mgf1   = "1.2.840.113549.1.1.8"
	dsaKey = "1.2.840.10040.4.1"
	ecKey  = "1.2.840.10045.2.1"
)

// algorithm is an AlgorithmIdentifier (RFC 5280, 4.1.1.2).
func algorithm(name string, place int) *ber.Node {
	n := sequence(name, identified("x509af.algorithm.id", place), parameters(place))
	n.Keep = place
	return n
}

func parameters(place int) *ber.Node {
	n := &ber.Node{Kind: ber.Any}
	if place == inner { // those of PSS (RFC 4055, 3.1): one algorithm in another
		n.Choose, n.Cases = by(place, map[string]int{mgf1: 0}), []*ber.Node{sequence("pkcs1.HashAlgorithm", identified("x509af.algorithm.id", place))}
		return n
	}
	n.Choose = by(place, map[string]int{ecKey: 0, dsaKey: 1, rsaPSS: 2})
	n.Cases = []*ber.Node{
		choice("pkcs1.ECParameters", field.Names{0: "ecParameters", 1: "namedCurve", 2: "implicitlyCA"}, nil, tagged(ber.ObjectIdentifier, leaf("pkcs1.namedCurve", ber.OID))),
		sequence("x509af.DSS_Params", leaf("x509af.p", ber.Octets), leaf("x509af.q", ber.Octets), leaf("x509af.g", ber.Octets)),
		sequence("pkcs1.RSASSA_PSS_params",
			inside(0, algorithm("pkcs1.hashAlgorithm", inner)), inside(1, algorithm("pkcs1.maskGenAlgorithm", inner)),
			inside(2, leaf("pkcs1.saltLength", ber.Signed)), inside(3, leaf("pkcs1.trailerField", ber.Signed))),
	}
	return n
}

// publicKey is SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). A key of RSA is a sequence in the bit string (RFC 3279, 2.3.1).
func publicKey() *ber.Node {
	key := padded(leaf("x509af.subjectPublicKey", ber.Bits))
	key.Choose = by(outer, map[string]int{rsaKey: 0})
	key.Cases = []*ber.Node{{Tag: ber.SequenceTag, Of: []*ber.Node{leaf("pkcs1.modulus", ber.Octets), leaf("pkcs1.publicExponent", ber.Signed)}}}
	return sequence("x509af.subjectPublicKeyInfo", algorithm("x509af.algorithm", outer), key)
}
