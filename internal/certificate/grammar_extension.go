package certificate

import (
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/ber"
)

// extension is one Extension (RFC 5280, 4.2). Those that are not known have no field but their number.
func extension() *ber.Node {
	numbers := map[string]int{}
	value := &ber.Node{Tag: ber.OctetString, Kind: ber.Octets, Instead: true}
	for i, one := range extensionForms() {
		for id := range strings.FieldsSeq(one.ids) {
			numbers[id] = i
		}
		value.Cases = append(value.Cases, one.node)
	}
	value.Choose = by(outer, numbers)
	return sequence("x509af.Extension", identified("x509af.extension.id", outer), tagged(ber.Boolean, leaf("x509af.critical", ber.Flag)), value)
}

// An extensionForm is what extensions with these numbers hold.
type extensionForm struct {
	ids  string
	node *ber.Node
}

func extensionForms() []extensionForm {
	return []extensionForm{
		{basicConstraints, sequence("x509ce.BasicConstraintsSyntax", tagged(ber.Boolean, leaf("x509ce.cA", ber.Flag)), tagged(ber.Integer, leaf("x509ce.pathLenConstraint", ber.Unsigned)))},
		{"2.5.29.15", flags("x509ce.KeyUsage", "x509ce.KeyUsage.",
			"digitalSignature contentCommitment keyEncipherment dataEncipherment keyAgreement keyCertSign cRLSign encipherOnly decipherOnly")},
		{"2.5.29.37", list("x509ce.KeyPurposeIDs", tagged(ber.ObjectIdentifier, leaf("x509ce.KeyPurposeId", ber.OID)))},
		{subjectAltName + " 2.5.29.18", generalNameList(ber.SequenceTag, "x509ce.GeneralNames")},
		{"2.5.29.14", tagged(ber.OctetString, leaf("x509ce.SubjectKeyIdentifier", ber.Octets))},
		{"2.5.29.35", sequence("x509ce.AuthorityKeyIdentifier",
			tagged(ber.Context(0, false), leaf("x509ce.keyIdentifier", ber.Octets)),
			generalNameList(ber.Context(1, true), "x509ce.authorityCertIssuer"),
			tagged(ber.Context(2, false), leaf("x509ce.authorityCertSerialNumber", ber.Octets)))},
		{crlPoints, list("x509ce.CRLDistPointsSyntax", distributionPoint())},
		{authorityAccess, list("pkix1implicit.AuthorityInfoAccessSyntax", sequence("pkix1implicit.AccessDescription",
			tagged(ber.ObjectIdentifier, leaf("pkix1implicit.accessMethod", ber.OID)), unnamed(generalName("pkix1implicit.accessLocation"))))},
		{"2.5.29.32", list("x509ce.CertificatePoliciesSyntax", policy())},
		{"2.5.29.30", sequence("x509ce.NameConstraintsSyntax", subtrees(0, "x509ce.permittedSubtrees"), subtrees(1, "x509ce.excludedSubtrees"))},
		{"2.5.29.36", sequence("x509ce.PolicyConstraintsSyntax",
			tagged(ber.Context(0, false), leaf("x509ce.requireExplicitPolicy", ber.Unsigned)), tagged(ber.Context(1, false), leaf("x509ce.inhibitPolicyMapping", ber.Unsigned)))},
		{"2.5.29.54", tagged(ber.Integer, leaf("x509ce.SkipCerts", ber.Unsigned))},
		{"1.3.6.1.5.5.7.1.24", list("pkix1explicit.Features", tagged(ber.Integer, named("pkix1explicit.Features_item", ber.Unsigned, field.Names{5: "status_request", 17: "status_request_v2"})))},
		{"2.16.840.1.113730.1.13", text("ns_cert_exts.Comment", ia5String)},
		{"2.16.840.1.113730.1.1", flags("ns_cert_exts.CertType", "ns.cert.exts.CertType.",
			"ssl.client ssl.server smime object.signing reserved.for.future.use ssl.ca smime.ca object.signing.ca")},
		{"1.3.6.1.4.1.311.21.7", sequence("x509ce.CertificateTemplate", tagged(ber.ObjectIdentifier, leaf("x509ce.templateID", ber.OID)),
			tagged(ber.Integer, leaf("x509ce.templateMajorVersion", ber.Signed)), tagged(ber.Integer, leaf("x509ce.templateMinorVersion", ber.Signed)))},
	}
}

// flags is a bit string whose bits have names below a common one.
func flags(name, below, bits string) *ber.Node {
	n := padded(leaf(name, ber.Bits))
	for bit := range strings.FieldsSeq(bits) {
		n.Flags = append(n.Flags, below+bit)
	}
	return n
}

func unnamed(n *ber.Node) *ber.Node {
	n.Names = nil
	return n
}

// distributionPoint is a DistributionPoint (RFC 5280, 4.2.1.13).
func distributionPoint() *ber.Node {
	relative := tagged(ber.Context(1, true), list("x509ce.nameRelativeToCRLIssuer", attribute()))
	return sequence("x509ce.DistributionPoint",
		inside(0, choice("x509ce.distributionPoint", field.Names{0: "fullName", 1: "nameRelativeToCRLIssuer"}, generalNameList(ber.Context(0, true), "x509ce.fullName"), relative)),
		tagged(ber.Context(1, false), flags("x509ce.reasons", "x509ce.ReasonFlags.",
			"unused keyCompromise cACompromise affiliationChanged superseded cessationOfOperation certificateHold privilegeWithdrawn aACompromise")),
		generalNameList(ber.Context(2, true), "x509ce.cRLIssuer"))
}

// policy is a PolicyInformation (RFC 5280, 4.2.1.4).
func policy() *ber.Node {
	display := func(name string) *ber.Node {
		return choice(name, field.Names{0: "ia5String", 1: "visibleString", 2: "bmpString", 3: "utf8String"},
			text("pkix1implicit.ia5String", ia5String), text("pkix1implicit.visibleString", visibleString), text("pkix1implicit.bmpString", bmpString), text("pkix1implicit.utf8String", utf8String))
	}
	notice := sequence("pkix1implicit.UserNotice",
		sequence("pkix1implicit.noticeRef", display("pkix1implicit.organization"),
			list("pkix1implicit.noticeNumbers", tagged(ber.Integer, leaf("pkix1implicit.noticeNumbers_item", ber.Signed)))),
		display("pkix1implicit.explicitText"))
	qualifier := &ber.Node{Kind: ber.Any, Choose: by(outer, map[string]int{"1.3.6.1.5.5.7.2.1": 0, "1.3.6.1.5.5.7.2.2": 1}),
		Cases: []*ber.Node{text("pkix1explicit.DirectoryString", ia5String), notice}}
	return sequence("x509ce.PolicyInformation", tagged(ber.ObjectIdentifier, leaf("x509ce.policyIdentifier", ber.OID)),
		list("x509ce.policyQualifiers", sequence("x509ce.PolicyQualifierInfo", identified("x509ce.id", outer), qualifier)))
}

// subtrees is GeneralSubtrees (RFC 5280, 4.2.1.10).
func subtrees(tag byte, name string) *ber.Node {
	return tagged(ber.Context(tag, true), list(name, sequence("x509ce.GeneralSubtree", generalName("x509ce.base"))))
}
