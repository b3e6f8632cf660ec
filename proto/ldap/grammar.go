package ldap

import (
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/ber"
	"github.com/wiretale/wiretale/proto"
)

// The constructors make nodes whose field has Wireshark's name: the name in the RFC's grammar, with "_element" behind that of a sequence.

func value(name string, tag byte, kind ber.Kind) *ber.Node {
	return &ber.Node{Name: "ldap." + name, Title: name, Tag: tag, Kind: kind}
}

func text(name string) *ber.Node { return value(name, ber.OctetString, ber.Text) }
func number(name string) *ber.Node {
	return value(name, ber.Integer, ber.Unsigned)
}
func flag(name string) *ber.Node { return value(name, ber.Boolean, ber.Flag) }

// named is a number whose values have names.
func named(name string, tag byte) *ber.Node {
	n := value(name, tag, ber.Unsigned)
	n.Names = proto.Names(n.Name)
	return n
}

func sequence(name string, tag byte, of ...*ber.Node) *ber.Node {
	return &ber.Node{Name: "ldap." + name + "_element", Title: name, Tag: tag, Of: of}
}

func list(name string, tag byte, of *ber.Node) *ber.Node {
	return &ber.Node{Name: "ldap." + name, Title: name, Tag: tag, Kind: ber.List, Of: []*ber.Node{of}}
}

func choice(name string, of ...*ber.Node) *ber.Node {
	n := &ber.Node{Name: "ldap." + name, Title: name, Kind: ber.Choice, Of: of}
	n.Names = proto.Names(n.Name)
	return n
}

// is gives an alternative its number.
func is(number uint64, n *ber.Node) *ber.Node {
	n.Number = number
	return n
}

// keep keeps a value for the choice that follows.
func keep(n *ber.Node) *ber.Node {
	n.Keep = 1
	return n
}

// grammar is that of RFC 4511, appendix B.
var grammar = ber.Compile(sequence("LDAPMessage", ber.SequenceTag,
	number("messageID"),
	choice("protocolOp", operations()...),
	list("controls", ber.Context(0, true), control()),
))

func operations() []*ber.Node {
	ops := []*ber.Node{
		sequence("bindRequest", BindRequest, number("version"), text("name"), authentication()),
		sequence("bindResponse", BindResponse, append(result(), value("serverSaslCreds", ber.Context(7, false), ber.Octets))...),
		sequence("unbindRequest", UnbindRequest),
		sequence("searchRequest", SearchRequest,
			text("baseObject"), named("scope", ber.Enumerated), named("derefAliases", ber.Enumerated), number("sizeLimit"), number("timeLimit"), flag("typesOnly"),
			filter(), list("attributes", ber.SequenceTag, text("AttributeDescription"))),
		sequence("searchResEntry", SearchResultEntry,
			text("objectName"), list("attributes", ber.SequenceTag, attribute("PartialAttributeList_item"))),
		sequence("searchResDone", SearchResultDone, result()...),
		is(19, list("searchResRef", SearchResultReference, text("LDAPURL"))),
		is(6, sequence("modifyRequest", ModifyRequest, text("object"), list("modification", ber.SequenceTag,
			sequence("modification_item", ber.SequenceTag, named("operation", ber.Enumerated), attribute("modification"))))),
		is(7, sequence("modifyResponse", ModifyResponse, result()...)),
		is(8, sequence("addRequest", AddRequest, text("entry"), list("attributes", ber.SequenceTag, attribute("AttributeList_item")))),
		is(9, sequence("addResponse", AddResponse, result()...)),
		is(10, value("delRequest", DelRequest, ber.Text)),
		is(11, sequence("delResponse", DelResponse, result()...)),
		is(12, sequence("modDNRequest", ModifyDNRequest,
			text("entry"), text("newrdn"), flag("deleteoldrdn"), value("newSuperior", ber.Context(0, false), ber.Text))),
		is(13, sequence("modDNResponse", ModifyDNResponse, result()...)),
		is(14, sequence("compareRequest", CompareRequest, text("entry"), sequence("ava", ber.SequenceTag, assertion()...))),
		is(15, sequence("compareResponse", CompareResponse, result()...)),
		is(16, value("abandonRequest", AbandonRequest, ber.Unsigned)),
		is(23, sequence("extendedReq", ExtendedRequest,
			value("requestName", ber.Context(0, false), ber.Digits), value("requestValue", ber.Context(1, false), ber.Octets))),
		is(24, sequence("extendedResp", ExtendedResponse, append(result(),
			value("responseName", ber.Context(10, false), ber.Digits), value("responseValue", ber.Context(11, false), ber.Octets))...)),
		is(25, sequence("intermediateResponse", IntermediateResponse,
			value("responseName", ber.Context(0, false), ber.Digits), value("responseValue", ber.Context(1, false), ber.Octets))),
	}
	for i, n := range ops[:6] {
		n.Number = uint64(i)
	}
	return ops
}

// result is an LDAPResult (RFC 4511, 4.1.9).
func result() []*ber.Node {
	return []*ber.Node{
		named("resultCode", ber.Enumerated), text("matchedDN"), text("errorMessage"), list("referral", ber.Context(3, true), text("LDAPURL")),
	}
}

// authentication is that of a bind; the two of NTLM are Microsoft's ([MS-ADTS] 5.1.1.1.3).
func authentication() *ber.Node {
	return choice("authentication",
		value("simple", ber.Context(0, false), ber.Text),
		is(3, sequence("sasl", ber.Context(3, true), text("mechanism"), value("credentials", ber.OctetString, ber.Octets))),
		is(10, value("ntlmsspNegotiate", ber.Context(10, false), ber.Octets)),
		is(11, value("ntlmsspAuth", ber.Context(11, false), ber.Octets)),
	)
}

// attribute is a description and its values (RFC 4511, 4.1.7).
func attribute(name string) *ber.Node {
	value := value("AttributeValue", ber.OctetString, ber.Octets)
	value.Choose, value.Instead = chooseValue, true
	value.Cases = []*ber.Node{
		{Name: "ldap.oid", Title: "OID", Kind: ber.Digits},
		{Name: "ldap.guid", Title: "GUID", Kind: ber.GUID},
	}
	return sequence(name, ber.SequenceTag, keep(text("type")), list("vals", ber.SetTag, value))
}

// forms are the attributes whose values have a form of their own, by their names in lower case.
var forms = map[string]int{
	"supportedcontrol": 0, "supportedcapabilities": 0, "supportedextension": 0,
	"objectguid": 1,
}

func chooseValue(k *ber.Kept, content []byte) int {
	i, ok := forms[strings.ToLower(k[0].S)]
	if !ok || i == 1 && len(content) != guidLen {
		return -1
	}
	return i
}

const guidLen = 16

// assertion is an attribute and what its value is compared with (RFC 4511, 4.1.6). A domain controller is asked for with the GUID of its domain ([MS-ADTS] 6.3.3.2).
func assertion() []*ber.Node {
	value := value("assertionValue", ber.OctetString, ber.Readable)
	value.Choose, value.Instead = func(k *ber.Kept, content []byte) int {
		if len(content) == guidLen && strings.EqualFold(k[0].S, "DomainGuid") {
			return 0
		}
		return -1
	}, true
	value.Cases = []*ber.Node{{Name: "ldap.guid", Title: "GUID", Kind: ber.GUID}}
	return []*ber.Node{keep(text("attributeDesc")), value}
}

// filter is that of a search (RFC 4511, 4.5.1.7). The choice is the same in each place that has one; only the name of the field differs.
func filter() *ber.Node {
	root, not := choice("filter"), choice("not")
	and, or := choice("and_item"), choice("or_item")
	not.Tag, not.Explicit = ber.Context(2, true), true
	of := []*ber.Node{
		list("and", ber.Context(0, true), and),
		is(1, list("or", ber.Context(1, true), or)),
		is(2, not),
		is(3, sequence("equalityMatch", ber.Context(3, true), assertion()...)),
		is(4, sequence("substrings", ber.Context(4, true), text("type"), list("substrings", ber.SequenceTag, choice("substrings_item",
			value("initial", ber.Context(0, false), ber.Text),
			is(1, value("any", ber.Context(1, false), ber.Text)),
			is(2, value("final", ber.Context(2, false), ber.Text)))))),
		is(5, sequence("greaterOrEqual", ber.Context(5, true), assertion()...)),
		is(6, sequence("lessOrEqual", ber.Context(6, true), assertion()...)),
		is(7, value("present", ber.Context(7, false), ber.Text)),
		is(8, sequence("approxMatch", ber.Context(8, true), assertion()...)),
		is(9, sequence("extensibleMatch", ber.Context(9, true),
			value("matchingRule", ber.Context(1, false), ber.Digits), value("type", ber.Context(2, false), ber.Text),
			value("matchValue", ber.Context(3, false), ber.Text), value("dnAttributes", ber.Context(4, false), ber.Flag))),
	}
	for _, n := range []*ber.Node{root, not, and, or} {
		n.Of = of
	}
	return root
}

// control is one of RFC 4511, 4.1.11, with the value of RFC 2696 (pages) taken apart.
func control() *ber.Node {
	octets := value("controlValue", ber.OctetString, ber.Octets)
	octets.Choose, octets.Instead = func(k *ber.Kept, _ []byte) int {
		if k[0].S == pagedResults {
			return 0
		}
		return -1
	}, true
	octets.Cases = []*ber.Node{sequence("SearchControlValue", ber.SequenceTag,
		value("size", ber.Integer, ber.Signed), value("cookie", ber.OctetString, ber.Octets))}
	kind := keep(text("controlType"))
	return sequence("Control", ber.SequenceTag, kind, flag("criticality"), octets)
}

const pagedResults = "1.2.840.113556.1.4.319"

// Results are the names of the codes of results.
var Results = proto.Names("ldap.resultCode")

// Fields of messages: in connections alone or in a buffer that the security
// layer of SASL wrapped (RFC 4422, 3.7), in datagrams alone.
var (
	Fields         = field.Table{Proto: "ldap", Title: "Lightweight Directory Access Protocol", Fields: fields()}
	DatagramFields = field.Table{Proto: "cldap", Title: "Connectionless Lightweight Directory Access Protocol", Fields: datagramFields()}
)

func fields() []field.Field {
	return append([]field.Field{
		{Name: "ldap.sasl_buffer_length", Title: "SASL Buffer Length", Type: field.Uint, Width: 4, Find: saslLength},
		{Name: "ldap.gssapi_encrypted_payload", Title: "GSS-API Encrypted payload", Type: field.Bytes, Find: sealed},
	}, datagramFields()...)
}

func datagramFields() []field.Field {
	return append(proto.Answering("ldap"), grammar.Fields(Messages)...)
}
