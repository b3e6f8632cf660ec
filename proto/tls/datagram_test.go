package tls

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// fragment is a fragment of a handshake message.
func fragment(kind byte, seq uint16, body string, from, to int) string {
	b := []byte{kind, 0, byte(len(body) >> 8), byte(len(body)), byte(seq >> 8), byte(seq), 0, byte(from >> 8), byte(from), 0, byte((to - from) >> 8), byte(to - from)}
	return string(b) + body[from:to]
}

// datagram is a record of DTLS in the clear.
func datagram(kind byte, seq uint64, body string) []byte {
	b := []byte{kind, 0xfe, 0xfd}
	b = binary.BigEndian.AppendUint64(b, seq)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(body))), body...)
}

// helloBody is that of a hello of DTLS with extensions, of the client with a cookie.
func helloBody(kind byte, suite, cookie, extensions string) string {
	body := "\xfe\xfd" + strings.Repeat("r", randomLen) + "\x00"
	if kind == clientHello {
		body += string([]byte{byte(len(cookie))}) + cookie + "\x00\x02" + suite + "\x01\x00"
	} else {
		body += suite + "\x00"
	}
	return body + string([]byte{byte(len(extensions) >> 8), byte(len(extensions))}) + extensions
}

// sealer13 encrypts records of one epoch of DTLS 1.3, written from RFC 9147, 4 and 5.9, and not with what opens them.
type sealer13 struct {
	aead cipher.AEAD
	iv   []byte
	mask cipher.Block
}

// expand13 is HKDF-Expand-Label of DTLS 1.3.
func expand13(secret []byte, label string, n int) []byte {
	label = "dtls13" + label
	b, err := hkdf.Expand(sha256.New, secret, string([]byte{0, byte(n), byte(len(label))})+label+"\x00", n)
	if err != nil {
		panic(err)
	}
	return b
}

func newSealer13(secret []byte) *sealer13 {
	block, _ := aes.NewCipher(expand13(secret, "key", 16))
	aead, _ := cipher.NewGCM(block)
	mask, _ := aes.NewCipher(expand13(secret, "sn", 16))
	return &sealer13{aead, expand13(secret, "iv", 12), mask}
}

// seal is a record: with an ID when there is one, with 8 or 16 bits of its number, with its length or without.
func (s *sealer13) seal(epoch int, seq uint64, id string, long, length bool, content byte, text string) []byte {
	h := []byte{0x20 | byte(epoch&3)}
	if id != "" {
		h[0] |= 0x10
		h = append(h, id...)
	}
	at := len(h)
	if long {
		h[0] |= 8
		h = append(h, byte(seq>>8))
	}
	h = append(h, byte(seq))
	plain := append([]byte(text), content, 0, 0)
	if length {
		h[0] |= 4
		h = binary.BigEndian.AppendUint16(h, uint16(len(plain)+16))
	}
	nonce := bytes.Clone(s.iv)
	binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^seq)
	sealed := s.aead.Seal(nil, nonce, plain, h)
	var mask [16]byte
	s.mask.Encrypt(mask[:], sealed[:16])
	for i := at; i < at+1 || long && i < at+2; i++ {
		h[i] ^= mask[i-at]
	}
	return append(h, sealed...)
}

// secrets13 are traffic secrets of one connection.
type secrets13 struct{ anyKey }

func secret13(kind string) []byte { return []byte(fmt.Sprintf("%-32.32s", kind)) }

func (*secrets13) Secret(kind string, _ []byte) []byte {
	switch kind {
	case SecretClientHandshake, SecretServerHandshake, SecretClientTraffic, SecretServerTraffic:
		return secret13(kind)
	}
	return nil
}

// TestDTLS13 opens records of DTLS 1.3: of all epochs, with IDs, with short numbers, out of their order.
func TestDTLS13(t *testing.T) {
	const id = "server's"
	s := new(association)
	s.Unlock(&secrets13{})
	var got []string
	say := func(dir int, b ...[]byte) {
		u := proto.Unit{Dir: dir, Frame: 1, Data: bytes.Join(b, nil)}
		u.Len = len(u.Data)
		s.Unit(&u)
		for _, c := range u.Carried {
			got = append(got, string(u.Opened[c.In-1].Data[c.Off:][:c.Len]))
		}
	}
	versions := "\x00\x2b\x00\x03\x02\xfe\xfc"
	body := helloBody(clientHello, "\x13\x01", "", versions+"\x00\x36\x00\x01\x00")
	say(0, datagram(Handshake, 0, fragment(clientHello, 0, body, 0, len(body))))
	body = helloBody(serverHello, "\x13\x01", "", "\x00\x2b\x00\x02\xfe\xfc\x00\x36\x00\x09\x08"+id)
	say(1, datagram(Handshake, 0, fragment(serverHello, 0, body, 0, len(body))))
	handshake := [2]*sealer13{newSealer13(secret13(SecretClientHandshake)), newSealer13(secret13(SecretServerHandshake))}
	secret := secret13(SecretClientTraffic)
	client, server := newSealer13(secret), newSealer13(secret13(SecretServerTraffic))
	finished := fragment(finished, 1, strings.Repeat("f", 32), 0, 32)
	say(1, handshake[1].seal(2, 0, "", true, true, Handshake, finished))
	say(0, handshake[0].seal(2, 0, id, true, true, Handshake, finished))
	say(0, client.seal(3, 0, id, true, true, ApplicationData, "one"), client.seal(3, 1, id, false, false, ApplicationData, "two"))
	for _, n := range []uint64{300, 200, 290, 70000 - 65536/2, 33000} { // far and back
		say(0, client.seal(3, n, id, true, true, ApplicationData, fmt.Sprint(n)))
	}
	say(1, server.seal(3, 5, "", true, false, ApplicationData, "answer"))
	next := newSealer13(expand13(secret, "traffic upd", 32))
	say(0, next.seal(4, 0, id, true, true, ApplicationData, "updated"))
	say(0, client.seal(3, 33001, id, true, true, ApplicationData, "late"))
	if want := "one two 300 200 290 37232 33000 answer updated late"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
	a := s.Accounts()
	if len(a) != 1 || a[0].Version != "DTLS 1.3" || a[0].Why != "" || a[0].Closed > 0 || a[0].Opened != 12 {
		t.Errorf("%+v", a)
	}
	broken := client.seal(3, 33002, id, true, true, ApplicationData, "late")
	broken[len(broken)-1]++
	if say(0, broken); s.Accounts()[0].Closed != 1 {
		t.Errorf("%+v", s.Accounts())
	}
}

// TestPutTogether puts messages together whose fragments overlap, come again and in any order.
func TestPutTogether(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	body := strings.Repeat("0123456789abcdef", 40)
	want := fragment(certificate, 7, body, 0, len(body))
	for range 200 {
		var f fragments
		m, whole := Message{Type: certificate, Datagram: true, Len: len(body), Seq: 7, Part: true}, 0
		var said []byte
		for i := 0; whole == 0; i++ {
			from := random.IntN(len(body) + 1)
			to := min(len(body), from+random.IntN(200))
			m.FragOff, m.FragLen = from, to-from
			if b, ok := f.take([]byte(fragment(certificate, 7, body, from, to)), &m); ok {
				whole, said = whole+1, b
			}
		}
		if string(said) != want || f.held != 0 || len(f.open) != 0 {
			t.Fatalf("%q, %d bytes are held", said, f.held)
		}
	}
	var f fragments
	for seq := range 100 { // none of them ends
		m := Message{Type: certificate, Datagram: true, Len: maxPartial, Seq: uint16(seq), Part: true, FragLen: 1 << 14}
		f.take(make([]byte, fragmentHeader+1<<14), &m)
	}
	if len(f.open) > maxPartials || f.held > maxPartial+1<<14 {
		t.Errorf("%d messages and %d bytes are held", len(f.open), f.held)
	}
}

// FuzzAssociation: whatever both sides send, nothing breaks, and what is shown lies in what there is. Datagrams are bytes behind a direction and a length.
func FuzzAssociation(f *testing.F) {
	hello := helloBody(clientHello, "\x00\x2f", "cookie", "\x00\x17\x00\x00\x00\x36\x00\x03\x02ab")
	answer := helloBody(serverHello, "\x00\x2f", "", "\x00\x17\x00\x00\x00\x36\x00\x02\x01c")
	seed := func(list ...[]byte) (b []byte) {
		for i, d := range list {
			b = append(append(b, byte(i&1), byte(len(d))), d...)
		}
		return b
	}
	f.Add(seed(datagram(Handshake, 0, fragment(clientHello, 0, hello, 0, 20)+fragment(clientHello, 0, hello, 20, len(hello))), datagram(Handshake, 0, fragment(serverHello, 0, answer, 0, len(answer))),
		append(datagram(Handshake, 1, fragment(clientKeyExchange, 1, "\x00\x02ab", 0, 4)), datagram(ChangeCipherSpec, 2, "\x01")...), datagram(ApplicationData, 1<<48, strings.Repeat("x", 64))))
	f.Add(seed(datagram(Handshake, 0, fragment(clientHello, 0, hello, 0, len(hello))), datagram(Handshake, 0, fragment(helloVerify, 0, "\xfe\xff\x02ab", 0, 5)), []byte("\x3f\x00\x00\x00\x20"+strings.Repeat("y", 32))))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := new(association)
		s.Unlock(&anyKey{})
		for frame := int64(1); len(b) > 2; frame++ {
			dir, n := int(b[0]&1), min(int(b[1]), len(b)-2)
			data := b[2 : 2+n]
			b = b[2+n:]
			if s.Extent(&proto.Piece{Dir: dir, Data: data, Len: n}) == proto.NotThis {
				continue
			}
			u := proto.Unit{Dir: dir, Frame: frame, Data: data, Len: n}
			s.Unit(&u)
			for k := range u.Layers {
				part := u.Bytes(&u.Layers[k])
				for j := range DatagramFields.Fields {
					DatagramFields.Fields[j].Noted(part, &u.Layers[k].Note, func(s field.Span, _ field.Value) bool {
						if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(part) {
							t.Fatalf("%s at %+v of %d bytes", DatagramFields.Fields[j].Name, s, len(part))
						}
						return true
					})
				}
			}
			for _, c := range u.Carried {
				if c.In < 1 || c.In > len(u.Opened) || c.Off+c.Len > len(u.Opened[c.In-1].Data) {
					t.Fatalf("carried %+v", c)
				}
			}
			for _, turn := range u.Turns {
				if turn.Layer >= len(u.Layers) {
					t.Fatalf("turn %+v", turn)
				}
			}
			for dir := range s.peers {
				if held := s.peers[dir].fragments.held; held < 0 || held > 2*maxPartial {
					t.Fatalf("%d bytes are held", held)
				}
			}
		}
		for _, a := range s.Accounts() {
			if a.Opened == 0 && a.Why == "" {
				t.Errorf("%+v", a)
			}
		}
	})
}
