package smb2

import (
	"bytes"
	"crypto/aes"
	"fmt"
	"testing"
)

func unhex(t testing.TB, s string) (b []byte) {
	t.Helper()
	if _, err := fmt.Sscanf(s, "%x", &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDerivedKeys has the keys of Microsoft's example of a session with dialect 3.0, and of one with 3.1.1
// (SMB 2 and SMB 3 security in Windows 10: the anatomy of signing and cryptographic keys; appendix).
func TestDerivedKeys(t *testing.T) {
	preauth := hash(unhex(t, "0dd13628cc3ed218ef9df9772d436d0887ab9814bfae63a80aa845f36909db7928622dddad522d9751640a459762c5a9d6bb084cbb3ce6bdadef5d5bce3c6c01"))
	const session300, session311 = "7cd451825d0450d235424e44ba6e78cc", "270e1ba896585eeb7af3472d3b4c75a7"
	for _, c := range []struct {
		session string
		of      *purpose
		dialect uint16
		want    string
	}{
		{session300, &forSigning, dialect300, "0b7e9c5cac36c0f6ea9ab275298cedce"},
		{session300, &forRequests, dialect302, "fad27796665b313ebb578f388632b4f7"},
		{session300, &forAnswers, dialect300, "b0f0427f7ceb416d1d9dcc0cd4f99447"},
		{session311, &forSigning, dialect311, "73fe7a9a77bef0bde49c650d8ccb5f76"},
		{session311, &forRequests, dialect311, "629bcbc54422a0f572b97f45989b6073"},
		{session311, &forAnswers, dialect311, "e2af0dcefac68da71a0dfbd0d1350d74"},
	} {
		if got := fmt.Sprintf("%x", c.of.key(unhex(t, c.session), 16, c.dialect, &preauth)); got != c.want {
			t.Errorf("dialect %#x, %q: %s, want %s", c.dialect, c.of.label, got, c.want)
		}
	}
}

func TestShortKeys(t *testing.T) {
	for _, key := range []string{"01", "0102030405060708090a0b0c0d0e0f10", "0102030405060708090a0b0c0d0e0f101112"} {
		got := short(unhex(t, key))
		want := append(unhex(t, key), make([]byte, 16)...)[:16]
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %x, want %x", key, got, want)
		}
	}
}

// TestCMAC has the third and fourth example of RFC 4493, 4, with the signature's place in front: a message
// of SMB is no shorter than its header, so that what is held against the RFC is how the last block is taken in.
func TestCMAC(t *testing.T) {
	block, err := aes.NewCipher(unhex(t, "2b7e151628aed2a6abf7158809cf4f3c"))
	if err != nil {
		t.Fatal(err)
	}
	whole, filled := subkeys(block)
	if got, want := fmt.Sprintf("%x", whole), "fbeed618357133667c85e08f7236a8de"; got != want {
		t.Errorf("first subkey %s, want %s", got, want)
	}
	if got, want := fmt.Sprintf("%x", filled), "f7ddac306ae266ccf90bc11ee46d513b"; got != want {
		t.Errorf("second subkey %s, want %s", got, want)
	}
	sum := byCMAC(block)
	for n := HeaderLen; n < HeaderLen+40; n++ {
		m := Message{Bytes: make([]byte, n)}
		for i := range m.Bytes {
			m.Bytes[i] = byte(i * 7)
		}
		got, ok := sum(&m, nil)
		if want := slowCMAC(block.Encrypt, m.Bytes, whole, filled); !ok || got != want {
			t.Errorf("%d bytes: %x, want %x", n, got, want)
		}
	}
	text := unhex(t, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
	for n, want := range map[int]string{40: "dfa66747de9ae63030ca32611497c827", 64: "51f0bebf7e3b9d92fc49741779363cfe"} {
		if got := slowCMAC(block.Encrypt, text[:n], whole, filled); fmt.Sprintf("%x", got) != want {
			t.Errorf("the test's own sum of %d bytes: %x, want %s", n, got, want)
		}
	}
}

// slowCMAC is RFC 4493, 2.4, step by step, with zeros in the place of the signature of a message.
func slowCMAC(encrypt func(dst, src []byte), message []byte, whole, filled [16]byte) (x [16]byte) {
	m := bytes.Clone(message)
	if KindOf(m) == None && len(m) >= HeaderLen && m[1] == 7 { // one that TestCMAC made
		clear(m[sigAt : sigAt+sigLen])
	}
	pad := whole
	if len(m)%16 != 0 {
		m, pad = append(m, 0x80), filled
		for len(m)%16 != 0 {
			m = append(m, 0)
		}
	}
	for at := 0; at < len(m); at += 16 {
		for i := range x {
			x[i] ^= m[at+i]
			if at+16 == len(m) {
				x[i] ^= pad[i]
			}
		}
		encrypt(x[:], x[:])
	}
	return x
}
