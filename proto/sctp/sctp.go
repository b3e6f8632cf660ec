// Package sctp declares the fields of SCTP (RFC 9260, 3): the common header and the chunks that carry and acknowledge data.
package sctp

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Types of chunks.
const (
	data     = 0
	initiate = 1
	initAck  = 2
	sack     = 3
	shutdown = 7
)

// Fields of the header and of its chunks.
var Fields = field.Table{Proto: "sctp", Title: "Stream Control Transmission Protocol", Fields: append(append([]field.Field{
	proto.Dec("sctp.srcport", "Source port", 0, 2, 0),
	proto.Dec("sctp.dstport", "Destination port", 2, 2, 0),
	{Name: "sctp.port", Title: "Port", Type: field.Uint, Hidden: true, Off: 0, Len: 2, Also: []int{2}},
	proto.Hex("sctp.verification_tag", "Verification tag", 4, 4, 0),
	proto.Hex("sctp.checksum", "Checksum", 8, 4, 0),
	proto.Named(chunks.In(proto.Dec("sctp.chunk_type", "Chunk type", 0, 1, 0), nil), proto.Names("sctp.chunk_type")),
	chunks.In(proto.Hex("sctp.chunk_flags", "Chunk flags", 1, 1, 0), nil),
	chunks.In(proto.Dec("sctp.chunk_length", "Chunk length", 2, 2, 0), nil),
	chunks.In(proto.Bit("sctp.data_i_bit", "I-Bit", 1, 1, 0x08), proto.Kind(data)),
	chunks.In(proto.Bit("sctp.data_u_bit", "U-Bit", 1, 1, 0x04), proto.Kind(data)),
	chunks.In(proto.Bit("sctp.data_b_bit", "B-Bit", 1, 1, 0x02), proto.Kind(data)),
	chunks.In(proto.Bit("sctp.data_e_bit", "E-Bit", 1, 1, 0x01), proto.Kind(data)),
	chunks.In(proto.Dec("sctp.data_tsn_raw", "Transmission sequence number (absolute)", 4, 4, 0), proto.Kind(data)),
	chunks.In(proto.Hex("sctp.data_sid", "Stream identifier", 8, 2, 0), proto.Kind(data)),
	chunks.In(proto.Dec("sctp.data_ssn", "Stream sequence number", 10, 2, 0), proto.Kind(data)),
	chunks.In(proto.Dec("sctp.data_payload_proto_id", "Payload protocol identifier", 12, 4, 0), proto.Kind(data)),
	chunks.In(proto.Dec("sctp.sack_cumulative_tsn_ack_raw", "Cumulative TSN ACK (absolute)", 4, 4, 0), proto.Kind(sack)),
	chunks.In(proto.Dec("sctp.sack_a_rwnd", "Advertised receiver window credit (a_rwnd)", 8, 4, 0), proto.Kind(sack)),
	chunks.In(proto.Dec("sctp.sack_number_of_gap_blocks", "Number of gap acknowledgement blocks", 12, 2, 0), proto.Kind(sack)),
	chunks.In(proto.Dec("sctp.sack_number_of_duplicated_tsns", "Number of duplicated TSNs", 14, 2, 0), proto.Kind(sack)),
	chunks.In(proto.Dec("sctp.shutdown_cumulative_tsn_ack", "Cumulative TSN Ack", 4, 4, 0), proto.Kind(shutdown)),
}, start("sctp.init_", initiate)...), start("sctp.initack_", initAck)...)}

// start are the fields that the two chunks that open an association have.
func start(prefix string, kind byte) []field.Field {
	tag := prefix + "initiate_tag"
	return []field.Field{
		chunks.In(proto.Hex(tag, "Initiate tag", 4, 4, 0), proto.Kind(kind)),
		chunks.In(proto.Dec(prefix+"credit", "Advertised receiver window credit (a_rwnd)", 8, 4, 0), proto.Kind(kind)),
		chunks.In(proto.Dec(prefix+"nr_out_streams", "Number of outbound streams", 12, 2, 0), proto.Kind(kind)),
		chunks.In(proto.Dec(prefix+"nr_in_streams", "Number of inbound streams", 14, 2, 0), proto.Kind(kind)),
		chunks.In(proto.Dec(prefix+"initial_tsn", "Initial TSN", 16, 4, 0), proto.Kind(kind)),
	}
}

// chunks walks the chunks, each padded to four bytes.
var chunks = proto.Walk(func(b []byte, yield func(off, n int) bool) {
	for at := 12; at+4 <= len(b); {
		n := int(field.Number(b[at+2:at+4], false))
		if n < 4 || at+n > len(b) || !yield(at, n) {
			return
		}
		at += (n + 3) &^ 3
	}
})
