package tlsrecord

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rc4"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"hash"

	"github.com/wiretale/wiretale/internal/blockcipher/aescbc"
)

// Reasons why a record is not opened.
var (
	ErrShort  = errors.New("the record is too short for its cipher")
	ErrTag    = errors.New("the record's authentication fails: it is damaged, or the key is not the one")
	ErrRoom   = errors.New("too much is open at once")
	ErrBefore = errors.New("bytes before it are missing, which its cipher needs")
)

// Options are what both sides agreed on beside version and suite.
type Options struct {
	Draft          Draft
	EncryptThenMAC bool // RFC 7366
	TruncatedMAC   bool // RFC 6066, 7
}

// A Reader opens the records of one direction, which have keys of their own. It is not safe for concurrent use.
type Reader struct {
	// Seq is the number of the next record, which is not on the wire but authenticated.
	Seq uint64

	suite   *Suite
	version uint16
	options Options
	size    int // of the MAC, or of the tag
	aead    cipher.AEAD
	iv      []byte
	cbc     aescbc.Decrypter
	effort  int  // left of maxEffort
	blind   bool // bytes before the next record are missing, and with them its IV
	rc4     *rc4.Cipher
	mac     hash.Hash
	secret  []byte // of the MAC of SSL 3.0

	datagram *Header // of DTLS, nil of TLS
	wide     []byte  // room for what is authenticated of it

	header [13]byte
	nonce  [nonceLen]byte
	sum    [64]byte
	dead   bool // the place of the stream is lost
}

// NewReader begins a direction.
func (s *Suite) NewReader(version uint16, k Keys, o Options) (*Reader, error) {
	r := &Reader{suite: s, version: version, options: o, size: s.tag, iv: bytes.Clone(k.IV), effort: maxEffort}
	var err error
	switch s.cipher.mode {
	case stream:
		r.rc4, err = s.rc4Of(k.Key)
	case cbc:
		if r.cbc, err = s.chained(k.Key); err == nil && version < TLS11 { // later it is in each record
			r.cbc.SetIV(k.IV)
		}
	default:
		r.aead, err = s.aead(k.Key)
	}
	if err != nil {
		return nil, err
	}
	if s.mac != 0 {
		r.size = s.mac.Size()
		if version == SSL30 {
			r.mac, r.secret = s.mac.New(), k.MAC
		} else {
			r.mac = hmac.New(s.mac.New, k.MAC)
		}
		if o.TruncatedMAC {
			r.size = 10
		}
	}
	return r, nil
}

const (
	// MaxTrials bounds the numbers of records that are tried for one record behind a gap.
	MaxTrials = 512
	// maxEffort bounds what is decrypted or authenticated in vain between two records that are opened, in bytes.
	maxEffort = 16 << 20
	// maxHeaders is how many more headers than the fewest possible are taken to lie among the bytes that a stream skips.
	maxHeaders = 12
)

// Missed says that lost bytes of the direction are missing before the next record. The bytes are what the numbers of records that may be missing follow from.
func (r *Reader) Missed() { r.blind = true }

// Open opens a record. header is its type and version, body what follows its header. It decrypts into room, which must have
// length of the body, and returns the text in it and the type of its content. lost is how many bytes may be missing
// before it: so many numbers of records are tried, up to [MaxTrials].
func (r *Reader) Open(room []byte, kind byte, version uint16, body []byte, lost int) (text []byte, content byte, err error) {
	trials := 1
	if lost > 0 {
		trials = max(1, min(MaxTrials, lost/(headerLen+r.least())+2, r.effort/(len(body)+1)))
	}
	defer func() {
		if r.effort -= (trials - 1) * len(body); err == nil {
			r.effort = maxEffort
		}
	}()
	switch {
	case len(body) > maxBody || len(room) < len(body):
		return nil, kind, ErrShort
	case r.aead != nil:
		return r.sealed(room, kind, version, body, trials)
	case r.cbc != nil:
		text, err = r.blocks(room, kind, version, body, trials)
	default:
		text, err = r.streamed(room, kind, version, body, trials, lost)
	}
	return text, kind, err
}

const (
	headerLen = 5
	maxBody   = 1<<14 + 2048
)

// least is the shortest content that a record of the direction has.
func (r *Reader) least() int { return r.size + 1 }

// sealed opens a record with a tag (RFC 5246, 6.2.3.3; RFC 8446, 5.2).
func (r *Reader) sealed(room []byte, kind byte, version uint16, body []byte, trials int) ([]byte, byte, error) {
	explicit := 0
	if r.version < TLS13 && r.suite.cipher.mode != chacha {
		explicit = nonceLen - len(r.iv)
	}
	if len(body) < explicit+r.size {
		return nil, kind, ErrShort
	}
	for range trials {
		text, err := r.aead.Open(room[:0], r.nonceOf(body[:explicit]), body[explicit:], r.additional(kind, version, len(body), len(body)-explicit-r.size))
		if err != nil {
			r.Seq++
			continue
		}
		r.Seq++
		if r.version < TLS13 {
			return text, kind, nil
		}
		return inner(text)
	}
	r.Seq -= uint64(trials)
	return nil, kind, ErrTag
}

// nonceOf is the nonce of the next record: a fixed part and an explicit one, or the number of the record added to all of it.
func (r *Reader) nonceOf(explicit []byte) []byte {
	n := copy(r.nonce[:], r.iv)
	if len(explicit) > 0 {
		copy(r.nonce[n:], explicit)
		return r.nonce[:]
	}
	binary.BigEndian.PutUint64(r.nonce[4:], binary.BigEndian.Uint64(r.nonce[4:])^r.Seq)
	return r.nonce[:]
}

// additional is what is authenticated beside the text: before TLS 1.3 the number of the record with its header, in which
// n is the length of the text.
func (r *Reader) additional(kind byte, version uint16, wire, n int) []byte {
	if r.version < TLS13 {
		return r.head(kind, version, n)
	}
	if r.datagram != nil {
		return r.datagram.Bytes
	}
	if r.options.Draft.bare() {
		return nil
	}
	r.header[0] = kind
	binary.BigEndian.PutUint16(r.header[1:], version)
	binary.BigEndian.PutUint16(r.header[3:], uint16(wire))
	return r.header[:headerLen]
}

func (r *Reader) head(kind byte, version uint16, n int) []byte {
	if r.datagram != nil && kind == WithID {
		return r.named(version, n)
	}
	binary.BigEndian.PutUint64(r.header[:], r.Seq)
	r.header[8] = kind
	binary.BigEndian.PutUint16(r.header[9:], version)
	binary.BigEndian.PutUint16(r.header[11:], uint16(n))
	return r.header[:]
}

// blocks opens a record of blocks (RFC 5246, 6.2.3.2; RFC 2246, 6.2.3.2).
func (r *Reader) blocks(room []byte, kind byte, version uint16, body []byte, trials int) ([]byte, error) {
	size := r.cbc.BlockSize()
	sealed := body
	if r.options.EncryptThenMAC {
		if len(body) < r.size {
			return nil, ErrShort
		}
		sealed = body[:len(body)-r.size]
	}
	explicit := 0
	if r.version >= TLS11 {
		explicit = size
	}
	if len(sealed)%size != 0 || len(sealed) < explicit+size {
		return nil, ErrShort
	}
	if r.options.EncryptThenMAC && !r.authentic(kind, version, sealed, body[len(sealed):], trials) {
		r.chain(sealed)
		return nil, ErrTag
	}
	blind := r.blind && explicit == 0
	r.blind = false
	if explicit > 0 {
		r.cbc.SetIV(sealed[:size])
	}
	text := room[:len(sealed)-explicit]
	r.cbc.CryptBlocks(text, sealed[explicit:])
	if blind && !r.options.EncryptThenMAC { // the first block is not the sender's: neither it nor the MAC over it can be known
		r.Seq++
		return nil, ErrBefore
	}
	n, ok := r.unpadded(text)
	if blind { // it is authenticated, and its first block is not known
		return nil, ErrBefore
	}
	if r.options.EncryptThenMAC {
		if !ok {
			return nil, ErrTag
		}
		return text[:n], nil
	}
	if !ok || n < r.size || !r.authentic(kind, version, text[:n-r.size], text[n-r.size:n], trials) {
		return nil, ErrTag
	}
	return text[:n-r.size], nil
}

// chain makes the last block of what could not be opened the IV of what follows.
func (r *Reader) chain(sealed []byte) {
	if r.version < TLS11 {
		r.cbc.SetIV(sealed[len(sealed)-r.cbc.BlockSize():])
	}
}

// unpadded is the length of the text without its padding.
func (r *Reader) unpadded(text []byte) (int, bool) {
	pad := int(text[len(text)-1])
	n := len(text) - pad - 1
	if n < 0 || r.version == SSL30 && pad >= r.cbc.BlockSize() {
		return 0, false
	}
	for _, b := range text[n:] {
		if int(b) != pad && r.version > SSL30 {
			return 0, false
		}
	}
	return n, true
}

// authentic checks the MAC of text, with so many numbers of records. The number that fits is that of the record.
func (r *Reader) authentic(kind byte, version uint16, text, mac []byte, trials int) bool {
	for range trials {
		ok := subtle.ConstantTimeCompare(r.macOf(kind, version, text)[:r.size], mac) == 1
		r.Seq++
		if ok {
			return true
		}
	}
	r.Seq -= uint64(trials)
	return false
}

// macOf is the MAC over a text (RFC 5246, 6.2.3.1; RFC 6101, 5.2.3.1).
func (r *Reader) macOf(kind byte, version uint16, text []byte) []byte {
	head := r.head(kind, version, len(text))
	r.mac.Reset()
	if r.version > SSL30 {
		r.mac.Write(head)
		r.mac.Write(text)
		return r.mac.Sum(r.sum[:0])
	}
	pads := 48 // so that key and pad are a block of the hash
	if r.mac.Size() == 20 {
		pads = 40
	}
	r.mac.Write(r.secret)
	r.mac.Write(pad1[:pads])
	r.mac.Write(head[:9])
	r.mac.Write(head[11:])
	r.mac.Write(text)
	inner := r.mac.Sum(r.sum[:0])
	r.mac.Reset()
	r.mac.Write(r.secret)
	r.mac.Write(pad2[:pads])
	r.mac.Write(inner)
	return r.mac.Sum(r.sum[:0])
}

var pad1, pad2 = bytes.Repeat([]byte{0x36}, 48), bytes.Repeat([]byte{0x5c}, 48)

// streamed opens a record of a stream cipher, or of none. Behind a gap the stream is tried from each place that it may have: lost
// bytes further, without the headers of records among them, which are not encrypted.
func (r *Reader) streamed(room []byte, kind byte, version uint16, body []byte, trials, lost int) ([]byte, error) {
	if len(body) < r.size {
		return nil, ErrShort
	}
	text := room[:len(body)]
	n := len(body) - r.size
	if r.rc4 == nil {
		copy(text, body)
		if !r.authentic(kind, version, text[:n], text[n:], trials) {
			return nil, ErrTag
		}
		return text[:n], nil
	}
	if r.dead {
		return nil, ErrBefore
	}
	if lost <= 0 {
		r.rc4.XORKeyStream(text, body)
		if !r.authentic(kind, version, text[:n], text[n:], 1) {
			return nil, ErrTag
		}
		return text[:n], nil
	}
	fewest := lost / (headerLen + maxBody)
	most := min(fewest+maxHeaders, lost/headerLen)
	if r.dead = r.effort < lost; r.dead {
		return nil, ErrBefore
	}
	r.effort -= lost
	at := *r.rc4
	var skipped [4096]byte                         // of no use but to move the stream
	for skip := lost - headerLen*most; skip > 0; { // as if there were most headers among them
		part := min(skip, len(skipped))
		at.XORKeyStream(skipped[:part], skipped[:part])
		skip -= part
	}
	for range most - fewest + 1 {
		try := at
		try.XORKeyStream(text, body)
		if r.authentic(kind, version, text[:n], text[n:], most+1) {
			*r.rc4 = try
			return text[:n], nil
		}
		at.XORKeyStream(skipped[:headerLen], skipped[:headerLen])
	}
	r.dead = true
	return nil, ErrTag
}
