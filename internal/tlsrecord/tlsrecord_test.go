package tlsrecord

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/proto"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// TestPRF: the test vectors for the pseudorandom function of TLS 1.2 that the working group had.
func TestPRF(t *testing.T) {
	got := prf(TLS12, crypto.SHA256, unhex("9bbe436ba940f017b17652849a71db35"), "test label", unhex("a0ba9f936cda311827a6f796ffd5198c"), 32)
	if want := unhex("e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

// TestTrafficKeys: RFC 8448, 3, the server's handshake traffic secret.
func TestTrafficKeys(t *testing.T) {
	s, _ := SuiteOf("TLS_AES_128_GCM_SHA256")
	k := s.TrafficKeys(0, unhex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"))
	if hex.EncodeToString(k.Key) != "3fce516009c21727d0f2e4e86ee403bc" || hex.EncodeToString(k.IV) != "5d313eb2671276ee13000b30" {
		t.Errorf("%x", k)
	}
}

// TestSuites: what names say, and how many of those that Wireshark knows can be opened.
func TestSuites(t *testing.T) {
	for name, want := range map[string]struct {
		exchange string
		mac, key int
		private  bool
	}{
		"TLS_RSA_WITH_AES_128_CBC_SHA":                 {"RSA", 20, 16, true},
		"TLS_RSA_WITH_RC4_128_MD5":                     {"RSA", 16, 16, true},
		"TLS_RSA_EXPORT_WITH_DES40_CBC_SHA":            {"RSA", 20, 8, true},
		"TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5":           {"RSA", 16, 16, true},
		"TLS_RSA_EXPORT1024_WITH_RC2_CBC_56_MD5":       {"RSA", 16, 16, true},
		"TLS_RSA_EXPORT1024_WITH_RC4_56_SHA":           {"RSA", 20, 16, true},
		"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256":  {"ECDHE_RSA", 0, 32, false},
		"TLS_PSK_WITH_AES_128_CCM_8":                   {"PSK", 0, 16, false},
		"TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384": {"ECDHE_ECDSA", 48, 32, false},
		"TLS_AES_256_GCM_SHA384":                       {"", 0, 32, false},
		"TLS_RSA_WITH_NULL_SHA256":                     {"RSA", 32, 0, true},
	} {
		s, ok := SuiteOf(name)
		if !ok || s.Exchange != want.exchange || s.macLen() != want.mac || s.cipher.key != want.key || s.PrivateKey() != want.private {
			t.Errorf("%s: %+v, %v", name, s, ok)
		}
	}
	opened, all := 0, 0
	for _, name := range proto.Names("tls.handshake.ciphersuite") {
		all++
		if _, ok := SuiteOf(name); ok {
			opened++
		}
	}
	if opened < 300 {
		t.Errorf("%d of %d suites can be opened", opened, all)
	}
	for _, name := range []string{"", "TLS_", "TLS_RSA_WITH_", "TLS_RSA_WITH_AES_128_CBC", "TLS_RSA_WITH_28147_CNT_IMIT", "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"} {
		if _, ok := SuiteOf(name); ok {
			t.Errorf("%q is a suite", name)
		}
	}
}

// TestExtendedMaster and Finished differ by version and by who sends; the values are held to real sessions by the tests of package stream.
func TestFinished(t *testing.T) {
	s, _ := SuiteOf("TLS_RSA_WITH_AES_128_CBC_SHA")
	master := make([]byte, MasterLen)
	if bytes.Equal(s.Finished(TLS12, master, nil, true), s.Finished(TLS12, master, nil, false)) || len(s.Finished(TLS10, master, nil, true)) != 12 {
		t.Error("both sides finish alike")
	}
}

// readers makes a reader of each kind of cipher.
func readers(version uint16) (list []*Reader) {
	for _, name := range []string{"TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_CBC_SHA256", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_RC4_128_MD5", "TLS_RSA_WITH_NULL_SHA",
		"TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CCM_8", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_RSA_WITH_SEED_CBC_SHA", "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5"} {
		s, _ := SuiteOf(name)
		k := s.Keys(version, make([]byte, MasterLen), make([]byte, 32), make([]byte, 32))
		if version == TLS13 {
			k[0] = s.TrafficKeys(0, make([]byte, s.HashLen()))
		}
		for _, o := range []Options{{}, {EncryptThenMAC: true}} {
			if r, err := s.NewReader(version, k[0], o); err == nil {
				list = append(list, r)
			}
		}
	}
	return list
}

// FuzzOpen: whatever a record holds, and however much is missing before it, it is refused in bounded time.
func FuzzOpen(f *testing.F) {
	f.Add(byte(23), uint16(0x0303), make([]byte, 64), 0)
	f.Add(byte(22), uint16(0x0300), make([]byte, 40), 100)
	f.Add(byte(23), uint16(0x0301), []byte{}, 1<<20)
	f.Fuzz(func(t *testing.T, kind byte, version uint16, body []byte, lost int) {
		for _, v := range []uint16{SSL30, TLS10, TLS12, TLS13} {
			for _, r := range readers(v) {
				if _, _, err := r.Open(make([]byte, len(body)), kind, version, body, min(lost, 5000)); err == nil && len(body) == 0 {
					t.Errorf("%s opens nothing", r.suite.Name)
				}
				r.Missed()
				r.Open(make([]byte, len(body)), kind, version, body, 0)
			}
		}
	})
}

func FuzzPrivateKey(f *testing.F) {
	f.Add([]byte{0x30, 0x03, 0x02, 0x01, 0x00}, []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, der, sealed []byte) {
		if len(der) > 4096 { // the longer the modulus the slower
			return
		}
		if k, err := ParsePKCS1(der); err == nil {
			k.Premaster(sealed)
		}
	})
}
