package kerberos

import (
	"encoding/binary"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/ber"
	"github.com/wiretale/wiretale/proto"
)

// The constructors make nodes whose field has Wireshark's name: the name in the RFC's grammar with "_element" behind that of a sequence.

func value(name string, kind ber.Kind) *ber.Node {
	return &ber.Node{Name: "kerberos." + name, Title: title(name), Kind: kind}
}

func title(name string) string {
	return strings.ReplaceAll(strings.TrimSuffix(name, "_element"), "_", "-")
}

func integer(name string) *ber.Node  { return value(name, ber.Signed) }
func unsigned(name string) *ber.Node { return value(name, ber.Unsigned) }
func text(name string) *ber.Node     { return value(name, ber.Text) }
func octets(name string) *ber.Node   { return value(name, ber.Octets) }
func moment(name string) *ber.Node   { return value(name, ber.Time) }

func named(name string) *ber.Node {
	n := integer(name)
	n.Names = proto.Names(n.Name)
	return n
}

func sequence(name string, of ...*ber.Node) *ber.Node {
	n := value(name+"_element", ber.Label)
	n.Of = of
	return n
}

func list(name string, of *ber.Node) *ber.Node {
	n := value(name, ber.List)
	n.Of = []*ber.Node{of}
	return n
}

// in puts a node inside a tag of its own, as all members of sequences are (RFC 4120, 5.1).
func in(tag byte, n *ber.Node) *ber.Node {
	n.Tag, n.Explicit = ber.Context(tag, true), true
	return n
}

// message is one of the application class.
func message(tag byte, name string, of ...*ber.Node) *ber.Node {
	n := sequence(name, of...)
	n.Tag, n.Explicit = tag, true
	return n
}

// keep keeps a value for the choices that follow.
func keep(place int, n *ber.Node) *ber.Node {
	n.Keep = place
	return n
}

// Places of what is kept.
const (
	keptKind    = 1 // of an address, or of pre-authentication data
	keptMessage = 2 // type of the message
)

func flags(name, group, all string) *ber.Node {
	n := value(name, ber.Bits)
	for one := range strings.FieldsSeq(all) {
		n.Flags = append(n.Flags, "kerberos."+group+"."+one)
	}
	return n
}

const (
	kdcOptions = "reserved forwardable forwarded proxiable proxy allow.postdate postdated unused7 renewable unused9 unused10 opt.hardware.auth " +
		"unused12 unused13 constrained.delegation canonicalize request.anonymous unused17 unused18 unused19 unused20 unused21 unused22 unused23 " +
		"unused24 unused25 disable.transited.check renewable.ok enc.tkt.in.skey unused29 renew validate"
	apOptions  = "reserved use.session.key mutual.required"
	pacOptions = "claims branch.aware forward.to.full.dc resource.based.constrained.delegation"
)

// principal is a name (RFC 4120, 5.2.2); its parts are fields of their own by whose name it is.
func principal(name, parts, part string) *ber.Node {
	return sequence(name, in(0, named("name_type")), in(1, list(parts, text(part))))
}

func client() *ber.Node  { return principal("cname", "cname_string", "CNameString") }
func service() *ber.Node { return principal("sname", "sname_string", "SNameString") }

// encrypted are the members of EncryptedData (RFC 4120, 5.2.9).
func encrypted() []*ber.Node {
	return []*ber.Node{in(0, named("etype")), in(1, unsigned("kvno")), in(2, octets("cipher"))}
}

func sealed(name string) *ber.Node { return sequence(name, encrypted()...) }

func checksum(name string) *ber.Node {
	return sequence(name, in(0, named("cksumtype")), in(1, octets("checksum")))
}

// ticket is one of RFC 4120, 5.3.
func ticket(name string) *ber.Node {
	n := sequence(name, ticketBody()...)
	n.Tag, n.Explicit = ber.Application(1), true
	return n
}

func ticketBody() []*ber.Node {
	return []*ber.Node{in(0, unsigned("tkt_vno")), in(1, text("realm")), in(2, service()), in(3, sealed("enc_part"))}
}

// ticketIn is a ticket as a member: two tags, one inside another.
func ticketIn(tag byte) *ber.Node {
	return &ber.Node{Tag: ber.Context(tag, true), Of: []*ber.Node{ticket("ticket")}}
}

// heads are the members that all messages begin with; from is the tag of the first.
func heads(from byte) []*ber.Node {
	return []*ber.Node{in(from, unsigned("pvno")), in(from+1, keep(keptMessage, named("msg_type")))}
}

func request(pa *ber.Node) []*ber.Node {
	return append(heads(1),
		in(3, list("padata", pa)),
		in(4, sequence("req_body",
			in(0, flags("kdc_options", "KDCOptions", kdcOptions)), in(1, client()), in(2, text("realm")), in(3, service()),
			in(4, moment("from")), in(5, moment("till")), in(6, moment("rtime")), in(7, unsigned("nonce")),
			in(8, list("kdc-req-body.etype", named("ENCTYPE"))), in(9, list("addresses", address())),
			in(10, sealed("enc_authorization_data")), in(11, list("additional_tickets", ticket("Ticket"))))))
}

func reply(pa *ber.Node) []*ber.Node {
	return append(heads(0), in(2, list("padata", pa)), in(3, text("crealm")), in(4, client()), ticketIn(5), in(6, sealed("enc_part")))
}

func apRequest() *ber.Node {
	return message(APRequest, "ap_req", append(heads(0),
		in(2, flags("ap_options", "APOptions", apOptions)), ticketIn(3), in(4, sealed("authenticator")))...)
}

// Types of pre-authentication data (RFC 4120, 7.5.2; RFC 6113; [MS-KILE] 2.2).
const (
	paTGSRequest      = 1
	paTimestamp       = 2
	paPasswordSalt    = 3
	paETypeInfo       = 11
	paETypeInfo2      = 19
	paPACRequest      = 128
	paForUser         = 129
	paFXFast          = 136
	paChallenge       = 138
	paSupportedETypes = 165
	paPACOptions      = 167
)

// What lies in pre-authentication data: the places in its node's Cases.
const (
	caseAPRequest = iota
	caseEncrypted
	caseETypeInfo
	caseETypeInfo2
	casePAC
	caseForUser
	caseFastRequest
	caseFastReply
	caseStatus
	caseSalt
	caseSupported
	casePACOptions
)

var cases = map[uint64]int{
	paTGSRequest: caseAPRequest, paTimestamp: caseEncrypted, paChallenge: caseEncrypted, paETypeInfo: caseETypeInfo, paETypeInfo2: caseETypeInfo2,
	paPACRequest: casePAC, paForUser: caseForUser, paSupportedETypes: caseSupported, paPACOptions: casePACOptions,
}

func choosePA(k *ber.Kept, content []byte) int {
	switch kind := k[keptKind-1].U; {
	case kind == paPasswordSalt && len(content) == extendedLen:
		return caseStatus
	case kind == paPasswordSalt:
		return caseSalt
	case kind == paFXFast && k[keptMessage-1].U&1 == 0 && k[keptMessage-1].U != errorType:
		return caseFastRequest
	case kind == paFXFast:
		return caseFastReply
	default:
		if i, ok := cases[kind]; ok {
			return i
		}
	}
	return -1
}

// errorType is the type of KRB-ERROR (RFC 4120, 7.5.7). Those of requests are even, those of their replies odd.
const errorType = 30

// preAuthentication is an element of RFC 4120, 5.2.7.
func preAuthentication() *ber.Node {
	node := octets("padata_value")
	node.Choose = choosePA
	entry := func(name string, salt *ber.Node) *ber.Node {
		return &ber.Node{Tag: ber.SequenceTag, Kind: ber.List, Of: []*ber.Node{
			sequence(name, in(0, named("etype")), in(1, salt), in(2, octets("s2kparams"))),
		}}
	}
	fast := func(of ...*ber.Node) *ber.Node {
		return &ber.Node{Tag: ber.Context(0, true), Of: []*ber.Node{sequence("armored_data", of...)}}
	}
	node.Cases = []*ber.Node{
		caseAPRequest:  apRequest(),
		caseEncrypted:  {Tag: ber.SequenceTag, Of: encrypted()},
		caseETypeInfo:  entry("ETYPE_INFO_ENTRY", octets("info_salt")),
		caseETypeInfo2: entry("ETYPE_INFO2_ENTRY", text("info2_salt")),
		casePAC:        {Tag: ber.SequenceTag, Of: []*ber.Node{in(0, value("include_pac", ber.Flag))}},
		caseForUser: {Tag: ber.SequenceTag, Of: []*ber.Node{
			in(0, principal("name", "name_string", "KerberosString")), in(1, text("realm")), in(2, checksum("cksum")), in(3, text("auth"))}},
		caseFastRequest: fast(in(0, sequence("armor", in(0, named("armor_type")), in(1, octets("armor_value")))),
			in(1, checksum("req_checksum")), in(2, sealed("enc_fast_req"))),
		caseFastReply:  fast(in(0, sealed("enc_fast_rep"))),
		caseStatus:     value32("smb.nt_status", "NT Status"),
		caseSalt:       octets("pw_salt"),
		caseSupported:  value32("supported_entypes", "SupportedEnctypes"),
		casePACOptions: {Tag: ber.SequenceTag, Of: []*ber.Node{in(0, flags("flags", "PAC.OPTIONS.FLAGS", pacOptions))}},
	}
	return sequence("PA_DATA", in(1, keep(keptKind, named("padata_type"))), in(2, node))
}

// value32 is a little-endian number of Windows, in the first bytes of a content.
func value32(name, title string) *ber.Node {
	n := unsigned(name)
	n.Title, n.Hex = title, true
	n.Read = func(content []byte) (field.Value, bool) {
		if len(content) < 4 {
			return field.Value{}, false
		}
		return field.U(uint64(binary.LittleEndian.Uint32(content))), true
	}
	return n
}

// Types of addresses (RFC 4120, 7.5.3), and the places of what they hold.
var addressTypes = map[uint64]int{2: 0, 24: 1, 20: 2}

func address() *ber.Node {
	node := octets("address")
	node.Choose, node.Instead = func(k *ber.Kept, content []byte) int {
		i, ok := addressTypes[k[keptKind-1].U]
		if !ok || i < 2 && len(content) != [...]int{4, 16}[i] {
			return -1
		}
		return i
	}, true
	name := text("addr_nb")
	name.Title, name.Read = "NetBIOS Address", func(content []byte) (field.Value, bool) { return field.S(netBIOS(content)), true }
	four, six := value("addr_ip", ber.IPv4), value("addr_ipv6", ber.IPv6)
	four.Title, six.Title = "IP Address", "IPv6 Address"
	node.Cases = []*ber.Node{four, six, name}
	return sequence("HostAddress", in(0, keep(keptKind, named("addr_type"))), in(1, node))
}

// netBIOS is a name of NetBIOS without the byte that tells its service, and without the spaces before that.
func netBIOS(content []byte) string {
	const letters = 15
	return strings.TrimRight(string(content[:min(len(content), letters)]), " \x00")
}

// failure is KRB-ERROR (RFC 4120, 5.9.1). Its data is pre-authentication data, one element or a list, or anything else.
func failure(pa *ber.Node) *ber.Node {
	data := octets("e_data")
	data.Choose = func(_ *ber.Kept, content []byte) int {
		if e, ok := ber.Next(content, 0, len(content)); ok && e.Tag == ber.SequenceTag {
			if inner, ok := ber.Next(content, e.Body, e.End); ok {
				switch inner.Tag {
				case ber.SequenceTag:
					return 0
				case ber.Context(1, true):
					return 1
				}
			}
		}
		return -1
	}
	one := *pa
	one.Tag = ber.SequenceTag // an octet string holds an element only where a tag says which
	data.Cases = []*ber.Node{{Tag: ber.SequenceTag, Kind: ber.List, Of: []*ber.Node{pa}}, &one}
	return message(Error, "krb_error", append(heads(0),
		in(2, moment("ctime")), in(3, unsigned("cusec")), in(4, moment("stime")), in(5, unsigned("susec")), in(6, named("error_code")),
		in(7, text("crealm")), in(8, client()), in(9, text("realm")), in(10, service()), in(11, text("e_text")), in(12, data),
		in(13, checksum("e_checksum")))...)
}

// grammar is that of the messages of RFC 4120, appendix A.
var grammar = func() *ber.Grammar {
	pa := preAuthentication()
	return ber.Compile(&ber.Node{Kind: ber.Choice, Of: []*ber.Node{
		message(ASRequest, "as_req", request(pa)...), message(ASReply, "as_rep", reply(pa)...),
		message(TGSRequest, "tgs_req", request(pa)...), message(TGSReply, "tgs_rep", reply(pa)...),
		apRequest(), message(APReply, "ap_rep", append(heads(0), in(2, sealed("enc_part")))...),
		message(Safe, "krb_safe", heads(0)...), message(Private, "krb_priv", append(heads(0), in(3, sealed("enc_part")))...),
		message(Credential, "krb_cred", append(heads(0), in(2, list("tickets", ticket("Ticket"))), in(3, sealed("enc_part")))...),
		failure(pa),
	}})
}()

// Fields of messages in datagrams, and in a stream with the record mark before each.
var (
	Fields       = field.Table{Proto: "kerberos", Title: "Kerberos", Fields: grammar.Fields(func(b []byte, yield func(off, n int) bool) { yield(0, len(b)) })}
	StreamFields = field.Table{Proto: "kerberos", Title: "Kerberos", Fields: append([]field.Field{
		proto.Bit("kerberos.rm.reserved", "Reserved", 0, MarkLen, 0x80000000),
		proto.Dec("kerberos.rm.length", "Record Length", 0, MarkLen, 0x7fffffff),
	}, grammar.Fields(func(b []byte, yield func(off, n int) bool) {
		if len(b) > MarkLen {
			yield(MarkLen, len(b)-MarkLen)
		}
	})...)}
)
