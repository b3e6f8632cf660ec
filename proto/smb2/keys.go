package smb2

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// Dialects that encrypt and sign in different ways ([MS-SMB2] 2.2.4).
const (
	dialect300 = 0x0300
	dialect302 = 0x0302
)

// Ciphers of the context of encryption ([MS-SMB2] 2.2.3.1.2).
const (
	AES128CCM = 1
	AES128GCM = 2
	AES256CCM = 3
	AES256GCM = 4
)

// A purpose is what a key is derived for: the labels and the context of the function that derives it ([MS-SMB2] 3.2.5.3.1).
// Dialect 3.1.1 has the hash of the messages before as its context.
type purpose struct {
	label    string // of dialect 3.1.1
	label300 string // of 3.0 and 3.0.2
	context  string // of 3.0 and 3.0.2
}

// All of them end with a zero.
var (
	forSigning  = purpose{"SMBSigningKey\x00", "SMB2AESCMAC\x00", "SmbSign\x00"}
	forRequests = purpose{"SMBC2SCipherKey\x00", "SMB2AESCCM\x00", "ServerIn \x00"} // encryption, from the client to the server
	forAnswers  = purpose{"SMBS2CCipherKey\x00", "SMB2AESCCM\x00", "ServerOut\x00"}
)

// key derives a key of n bytes from that of a session. preauth is the hash of the messages before, for dialect 3.1.1.
func (p *purpose) key(session []byte, n int, dialect uint16, preauth *hash) []byte {
	if dialect >= dialect311 {
		return derive(session, p.label, string(preauth[:]), n)
	}
	return derive(session, p.label300, p.context, n)
}

// derive is the key derivation function of NIST SP 800-108 in counter mode with HMAC-SHA256 ([MS-SMB2] 3.1.4.2): one round, for n bytes, 32 at most.
func derive(key []byte, label, context string, n int) []byte {
	mac := hmac.New(sha256.New, key)
	be := binary.BigEndian
	in := be.AppendUint32(nil, 1) // the round
	in = append(append(append(in, label...), 0), context...)
	mac.Write(be.AppendUint32(in, uint32(n*8)))
	return mac.Sum(nil)[:n]
}

// sessionKeyLen is what is used of a session key but for ciphers of 256 bits ([MS-SMB2] 3.2.5.3.1). A shorter key is filled up with zeros.
const sessionKeyLen = 16

// short is what is used of a session key but for ciphers of 256 bits.
func short(key []byte) []byte {
	var b [sessionKeyLen]byte
	copy(b[:], key)
	return b[:]
}
