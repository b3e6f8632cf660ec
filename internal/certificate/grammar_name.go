package certificate

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/ber"
)

// nameNames are the kinds of a Name: there is one.
var nameNames = field.Names{0: "rdnSequence"}

// rdnSequence is a distinguished name (RFC 5280, 4.1.2.4).
func rdnSequence(name string) *ber.Node {
	return list(name, tagged(ber.SetTag, list("x509if.RDNSequence_item", attribute())))
}

// text is a string of any of the types.
func text(name string, tag byte) *ber.Node {
	n := tagged(tag, leaf(name, ber.Text))
	n.Read = func(content []byte) (field.Value, bool) { return field.S(textOf(tag, content)), true }
	return n
}

// The forms of values of attributes: places in the cases of attribute.
const (
	directoryString = iota
	countryName
	ia5
	printable
	userID
)

// forms are those of the attributes of names (X.520; RFC 4519, RFC 2985 and the guidelines for extended validation).
var forms = func() map[string]int {
	m := map[string]int{
		"2.5.4.6": countryName, "1.3.6.1.4.1.311.60.2.1.3": countryName, "1.3.6.1.4.1.311.60.2.1.1": directoryString, "1.3.6.1.4.1.311.60.2.1.2": directoryString,
		"2.5.4.5": printable, "2.5.4.46": printable, "0.9.2342.19200300.100.1.25": ia5, "1.2.840.113549.1.9.1": ia5, "0.9.2342.19200300.100.1.1": userID,
	}
	for _, arc := range []string{"3", "4", "7", "8", "9", "10", "11", "12", "13", "15", "17", "18", "19", "41", "42", "43", "44", "51", "54", "65"} {
		m["2.5.4."+arc] = directoryString
	}
	return m
}()

// attribute is one AttributeTypeAndValue.
func attribute() *ber.Node {
	value := &ber.Node{Kind: ber.Any, Choose: by(outer, forms), Cases: []*ber.Node{
		directoryString: choice("x509sat.DirectoryString", field.Names{0: "teletexString", 1: "printableString", 2: "universalString", 3: "bmpString", 4: "uTF8String"},
			text("x509sat.teletexString", teletexString), text("x509sat.printableString", printableString), text("x509sat.universalString", universalString),
			text("x509sat.bmpString", bmpString), text("x509sat.uTF8String", utf8String)),
		countryName: text("x509sat.CountryName", printableString),
		ia5:         text("x509sat.IA5String", ia5String),
		printable:   text("x509sat.PrintableString", printableString),
		userID:      text("x509af.Userid", utf8String),
	}}
	return sequence("x509if.RelativeDistinguishedName_item", identified("x509if.oid", outer), value)
}

var generalNames = field.Names{
	0: "otherName", 1: "rfc822Name", 2: "dNSName", 3: "x400Address", 4: "directoryName", 5: "ediPartyName", 6: "uniformResourceIdentifier", 7: "iPAddress", 8: "registeredID",
}

// principalName is the name of a user of Windows ([MS-KILE] calls it UPN).
const principalName = "1.3.6.1.4.1.311.20.2.3"

// generalName is a GeneralName (RFC 5280, 4.2.1.6).
func generalName(name string) *ber.Node {
	other := sequence("x509ce.otherName", identified("x509ce.type_id", outer),
		inside(0, &ber.Node{Kind: ber.Any, Choose: by(outer, map[string]int{principalName: 0}), Cases: []*ber.Node{text("x509sat.UTF8String", utf8String)}}))
	address := &ber.Node{Kind: ber.Octets, Instead: true, Cases: []*ber.Node{leaf("x509ce.IPAddress.ipv4", ber.IPv4), leaf("x509ce.IPAddress.ipv6", ber.IPv6)}}
	address.Choose = func(_ *ber.Kept, content []byte) int {
		switch len(content) {
		case 4:
			return 0
		case 16:
			return 1
		}
		return -1
	}
	in := func(tag byte, n *ber.Node) *ber.Node { return tagged(ber.Context(tag, false), n) }
	return choice(name, generalNames,
		tagged(ber.Context(0, true), other), in(1, text("x509ce.rfc822Name", ia5String)), in(2, text("x509ce.dNSName", ia5String)), nil,
		inside(4, choice("x509ce.directoryName", nameNames, tagged(ber.SequenceTag, rdnSequence("x509if.rdnSequence")))), nil,
		in(6, text("x509ce.uniformResourceIdentifier", ia5String)), in(7, address), in(8, leaf("x509ce.registeredID", ber.OID)))
}

// generalNameList is GeneralNames with a tag.
func generalNameList(tag byte, name string) *ber.Node {
	return tagged(tag, list(name, generalName("x509ce.GeneralName")))
}
