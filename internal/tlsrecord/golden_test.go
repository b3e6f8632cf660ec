package tlsrecord

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
)

const captures = "../../../shared/captures/tls"

// payloads are those of the first frames of a capture with Ethernet and TCP, by the number of the frame.
func payloads(t *testing.T, name string) (list [][]byte) {
	b, err := os.ReadFile(filepath.Join(captures, name))
	if err != nil {
		t.Skipf("needs the shared captures: %v", err)
	}
	list = append(list, nil)
	for b = b[24:]; len(b) > 0 && len(list) < 20; {
		n := 16 + binary.LittleEndian.Uint32(b[8:])
		ip := b[16+14 : n]
		ip = ip[:binary.BigEndian.Uint16(ip[2:])]
		segment := ip[4*(ip[0]&15):]
		list = append(list, segment[4*(segment[12]>>4):])
		b = b[n:]
	}
	return list
}

// TestGolden: every value on the way from the private key to the text of a session of SSL 3.0, as tshark writes them in its debug file.
func TestGolden(t *testing.T) {
	frames := payloads(t, "ws_rsasnakeoil2.pcap")
	text, err := os.ReadFile(filepath.Join(captures, "keys/rsasnakeoil2.key"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := ParsePKCS1(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	hello := frames[4][2:] // of SSL 2.0
	challenge := int(binary.BigEndian.Uint16(hello[7:]))
	client := append(make([]byte, 32-challenge), hello[len(hello)-challenge:]...)
	server := frames[6][11:43]
	exchange := frames[8][5:]
	sealed := exchange[4 : 4+128]
	equal := func(what string, got []byte, want string) {
		t.Helper()
		if hex.EncodeToString(got) != want {
			t.Errorf("%s: %x, want %s", what, got, want)
		}
	}
	premaster, ok := key.Premaster(sealed)
	if !ok {
		t.Fatal("the key does not decrypt the exchange")
	}
	equal("premaster secret", premaster, "0300ff84566da0fbccfdc6c820d5f0651887b044459ce392f04d32cd41851024cb7ab301363d932712a47e00299659d8")
	s, _ := SuiteOf("TLS_RSA_WITH_AES_256_CBC_SHA")
	master := s.Master(SSL30, premaster, client, server)
	equal("master secret", master, "1edb3595b818b35258f3073fe6af8aa6abc3a4ed663a4686b6e5492a7cf78cc2ac22bb13150fd862a239237bc2ff28fb")
	k := s.Keys(SSL30, master, client, server)
	equal("client MAC key", k[0].MAC, "1160e4e174e9a1cf67f9b7bcefbca7c7b3f733aa")
	equal("server MAC key", k[1].MAC, "b242d01ca64efbe99b13dd2963aa171f47719571")
	equal("client key", k[0].Key, "08e04b8ee1da7b4a5af3c232bde0a5826d14443ad6cb2dc07d57bea837de5dd9")
	equal("server key", k[1].Key, "a107fd1b2271b94b7a1e0f703714970af0db983b7b74e32d51662e316890ac6f")
	equal("client IV", k[0].IV, "e6533cc95e480c05bc9f92e7f99198f5")
	equal("server IV", k[1].IV, "951cc4bfd9cb26ef35705ead21223ef6")
	for i, frame := range []int{8, 9} { // the Finished of both sides: type, length of 36 bytes, two hashes
		b := frames[frame]
		record := b[bytes.Index(b, []byte{20, 3, 0, 0, 1, 1})+6:]
		r, err := s.NewReader(SSL30, k[i], Options{})
		if err != nil {
			t.Fatal(err)
		}
		body := record[5 : 5+binary.BigEndian.Uint16(record[3:])]
		text, content, err := r.Open(make([]byte, len(body)), record[0], SSL30, body, 0)
		if err != nil || content != 22 || len(text) != 40 || !bytes.HasPrefix(text, []byte{20, 0, 0, 36}) {
			t.Errorf("frame %d: %x, %v", frame, text, err)
		}
	}
}
