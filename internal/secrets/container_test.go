package secrets_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/proto/tls"
)

// found is the modulus of the only private key of a store.
func found(s *secrets.Store) string {
	for of := range s.Each(tls.SecretPrivateKey) {
		return of
	}
	return ""
}

const password = "correct horse 2"

// openssl runs it in a folder.
func openssl(t *testing.T, dir string, args ...string) {
	t.Helper()
	c := exec.Command("openssl", args...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// TestFormsOfKeys writes one key in all forms that openssl knows, and reads each of them.
func TestFormsOfKeys(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	openssl(t, dir, "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", "p8.pem", "-out", "cert.pem", "-subj", "/CN=test", "-days", "30")
	pass := "pass:" + password
	for name, args := range map[string]string{
		"p1.pem":          "rsa -traditional -in p8.pem",
		"p1.der":          "rsa -traditional -in p8.pem -outform DER",
		"p8.der":          "pkcs8 -topk8 -nocrypt -in p8.pem -outform DER",
		"dek_aes.pem":     "rsa -traditional -aes256 -in p8.pem -passout PASS",
		"dek_3des.pem":    "rsa -traditional -des3 -in p8.pem -passout PASS",
		"pbes2.pem":       "pkcs8 -topk8 -v2 aes-256-cbc -in p8.pem -passout PASS",
		"pbes2.der":       "pkcs8 -topk8 -v2 aes-128-cbc -v2prf hmacWithSHA1 -in p8.pem -passout PASS -outform DER",
		"pbes2_3des.pem":  "pkcs8 -topk8 -v2 des3 -in p8.pem -passout PASS",
		"scrypt.pem":      "pkcs8 -topk8 -scrypt -in p8.pem -passout PASS",
		"pbe_3des.pem":    "pkcs8 -topk8 -v1 PBE-SHA1-3DES -in p8.pem -passout PASS -provider default -provider legacy",
		"pbe_2des.pem":    "pkcs8 -topk8 -v1 PBE-SHA1-2DES -in p8.pem -passout PASS -provider default -provider legacy",
		"pbe_rc4.der":     "pkcs8 -topk8 -v1 PBE-SHA1-RC4-128 -in p8.pem -passout PASS -outform DER -provider default -provider legacy",
		"pbe_md5des.pem":  "pkcs8 -topk8 -v1 PBE-MD5-DES -in p8.pem -passout PASS -provider default -provider legacy",
		"pbe_sha1des.pem": "pkcs8 -topk8 -v1 PBE-SHA1-DES -in p8.pem -passout PASS -provider default -provider legacy",
		"pbe_md5rc2.pem":  "pkcs8 -topk8 -v1 PBE-MD5-RC2-64 -in p8.pem -passout PASS -provider default -provider legacy",
		"pbe_sha1rc2.pem": "pkcs8 -topk8 -v1 PBE-SHA1-RC2-64 -in p8.pem -passout PASS -provider default -provider legacy",
		"pbe_rc2_128.pem": "pkcs8 -topk8 -v1 PBE-SHA1-RC2-128 -in p8.pem -passout PASS -provider default -provider legacy",
		"pbe_rc2_40.pem":  "pkcs8 -topk8 -v1 PBE-SHA1-RC2-40 -in p8.pem -passout PASS -provider default -provider legacy",
		"modern.p12":      "pkcs12 -export -inkey p8.pem -in cert.pem -passout PASS",
		"legacy.p12":      "pkcs12 -export -legacy -inkey p8.pem -in cert.pem -passout PASS",
		"nopass.p12":      "pkcs12 -export -inkey p8.pem -in cert.pem -passout pass:",
		"chain.p12":       "pkcs12 -export -inkey p8.pem -in cert.pem -certfile cert.pem -name x -passout PASS",
	} {
		list := strings.Fields(args)
		for i := range list {
			if list[i] == "PASS" {
				list[i] = pass
			}
		}
		openssl(t, dir, append(list, "-out", name)...)
	}
	openssl(t, dir, "pkcs12", "-in", "modern.p12", "-passin", pass, "-nodes", "-out", "bag.pem")
	want := new(secrets.Store)
	if err := want.Load(filepath.Join(dir, "p8.pem")); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, path := range files {
		if filepath.Base(path) == "cert.pem" {
			continue
		}
		s := &secrets.Store{Passwords: []string{"wrong", password}}
		if err := s.Load(path); err != nil || found(s) == "" || found(s) != found(want) {
			t.Errorf("%s: %v, the key %v", filepath.Base(path), err, found(s) == found(want))
			continue
		}
		if from := s.From(tls.SecretPrivateKey, []byte(found(s))); !strings.Contains(from, filepath.Base(path)) || !strings.Contains(from, "RSA of 1024 bits") {
			t.Errorf("%s: from %q", filepath.Base(path), from)
		}
		b, _ := os.ReadFile(path)
		s = &secrets.Store{Passwords: []string{"wrong"}}
		err := s.Load(path)
		sealed := bytes.Contains(b, []byte("ENCRYPTED")) || strings.Contains(path, "pbe") || strings.HasSuffix(path, "n.p12") || strings.HasSuffix(path, "y.p12")
		if sealed && (err == nil || !strings.Contains(err.Error(), "no password that was given opens it")) {
			t.Errorf("%s with a wrong password: %v", filepath.Base(path), err)
		}
		if err != nil && (strings.Contains(err.Error(), "wrong ") || strings.Contains(err.Error(), password)) {
			t.Errorf("%s: the error has a password: %v", filepath.Base(path), err)
		}
		asked := 0
		s = &secrets.Store{Ask: func(name string, again bool) (string, bool) {
			if asked++; again != (asked > 1) || name != path {
				t.Errorf("asked for %s, again %v, the %dth time", name, again, asked)
			}
			return map[int]string{1: "no", 2: password}[asked], true
		}}
		if err := s.Load(path); err != nil || sealed && asked != 2 || !sealed && asked != 0 {
			t.Errorf("%s: asked %d times: %v", filepath.Base(path), asked, err)
		}
	}
}

// TestUseless: a file that opens nothing says why.
func TestUseless(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, _ := x509.MarshalECPrivateKey(ec)
	p8, _ := x509.MarshalPKCS8PrivateKey(ec)
	public, _ := x509.MarshalPKIXPublicKey(&ec.PublicKey)
	const curves = "a key for elliptic curves: sessions of a server that has one are decrypted with a key log only"
	block := func(kind string, b []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}) }
	for want, files := range map[string][][]byte{
		curves: {block("EC PRIVATE KEY", sec1), block("PRIVATE KEY", p8), sec1, p8},
		"a public key: the private key of the server is needed":                 {block("PUBLIC KEY", public)},
		"neither a private key in PKCS#1, PKCS#8 or PKCS#12, nor a certificate": {block("RSA PRIVATE KEY", []byte("x")), p8[:40]},
		"a block of PEM that is no private key":                                 {block("X", nil)},
		"the encrypted private key is damaged":                                  {block("ENCRYPTED PRIVATE KEY", []byte{0x30, 0})},
	} {
		for _, b := range files {
			s := new(secrets.Store)
			if err := s.Read(bytes.NewReader(b), "k"); err == nil || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%.60q: %v, want %s", b, err, want)
			}
		}
	}
}

// TestSmallKey: keys that the standard library does not take any more are read.
func TestSmallKey(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	k, err := rsa.GenerateKey(rand.Reader, 512)
	if err != nil {
		t.Fatal(err)
	}
	s := new(secrets.Store)
	if err := s.Read(bytes.NewReader(x509.MarshalPKCS1PrivateKey(k)), "k"); err != nil || found(s) != string(k.N.Bytes()) {
		t.Error(err)
	}
}

// TestKeyLog reads each label.
func TestKeyLog(t *testing.T) {
	r, m := strings.Repeat("ab", 32), strings.Repeat("cd", 48)
	of := bytes.Repeat([]byte{0xab}, 32)
	for text, want := range map[string]struct {
		kind string
		of   []byte
	}{
		"CLIENT_RANDOM " + r + " " + m + "\r\n":                                       {tls.SecretMaster, of},
		"\ufeff# made by\nCLIENT_RANDOM " + strings.ToUpper(r) + " " + m:              {tls.SecretMaster, of},
		"PMS_CLIENT_RANDOM " + r + " abcd":                                            {tls.SecretPremaster, of},
		"RSA " + r[:16] + " " + m:                                                     {tls.SecretExchanged, of[:8]},
		"RSA Session-ID:" + r + " Master-Key:" + m:                                    {tls.SecretSession, of},
		"CLIENT_EARLY_TRAFFIC_SECRET " + r + " " + r:                                  {tls.SecretEarly, of},
		"CLIENT_HANDSHAKE_TRAFFIC_SECRET " + r + " " + m:                              {tls.SecretClientHandshake, of},
		"SERVER_HANDSHAKE_TRAFFIC_SECRET " + r + " " + m:                              {tls.SecretServerHandshake, of},
		"EXPORTER_SECRET " + r + " " + m + "\nCLIENT_TRAFFIC_SECRET_0 " + r + " " + m: {tls.SecretClientTraffic, of},
		"SERVER_TRAFFIC_SECRET_0 " + r + " " + m:                                      {tls.SecretServerTraffic, of},
		"TLS_PSK 0102":                                                                {tls.SecretPreShared, nil},
		"TLS_PSK * 0102":                                                              {tls.SecretPreShared, nil},
		"TLS_PSK\tthe client 0102":                                                    {tls.SecretPreShared, []byte("the client")},
		"TLS_PSK #00ff 0102":                                                          {tls.SecretPreShared, []byte{0, 0xff}},
		"alice:0102":                                                                  {tls.SecretPreShared, []byte("alice")},
		"http://a:b:0102":                                                             {tls.SecretPreShared, []byte("http://a:b")},
	} {
		s, err := read(text)
		if err != nil || s.Len() != 1 || s.Secret(want.kind, want.of) == nil || !strings.HasPrefix(s.From(want.kind, want.of), "keys, line ") {
			t.Errorf("%.40q: %d secrets, %v", text, s.Len(), err)
		}
		wide := []byte{0xff, 0xfe}
		for _, c := range []byte(strings.TrimPrefix(text, "\ufeff")) {
			wide = append(wide, c, 0)
		}
		s = new(secrets.Store)
		if err := s.Read(bytes.NewReader(wide), "keys"); err != nil || s.Len() != 1 {
			t.Errorf("%.40q in UTF-16: %v", text, err)
		}
	}
	for _, text := range []string{"CLIENT_RANDOM " + r[2:] + " " + m, "CLIENT_RANDOM " + r + " " + m[2:], "CLIENT_RANDOM " + r, "TLS_PSK x", "TLS_PSK", "TLS_PSK alice abab0", "TLS_PSK #x abab", ":abab", "alice:abab0", "a b:abab", "RSA " + r + " " + m} {
		if _, err := read(text); err == nil || strings.Contains(err.Error(), "abab") || strings.Contains(err.Error(), "cdcd") {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	if _, err := read("EXPORTER_SECRET " + r + " " + m); err == nil {
		t.Error("a file with nothing to open with is no error")
	}
}

// TestSharedKeys reads the forms of keys that other programs wrote.
func TestSharedKeys(t *testing.T) {
	for dir, words := range map[string]string{"lab/tls/keys": "labpw", "tls/openssl": "test123", "tls/keys": ""} {
		root := filepath.Join("..", "..", "..", "shared", "captures", filepath.FromSlash(dir))
		files, err := os.ReadDir(root)
		if err != nil {
			t.Skipf("needs the shared captures: %v", err)
		}
		for _, f := range files {
			switch ext := filepath.Ext(f.Name()); {
			case strings.HasPrefix(f.Name(), "ec_"), strings.HasSuffix(f.Name(), "_cert.pem"), ext == ".pcapng", ext == ".out", ext == ".out2", ext == ".tsv", ext == ".crt":
				continue
			}
			s := &secrets.Store{Passwords: []string{words}}
			if err := s.Load(filepath.Join(root, f.Name())); err != nil {
				t.Error(err)
			}
		}
	}
}

func FuzzContainer(f *testing.F) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	p8, _ := x509.MarshalPKCS8PrivateKey(ec)
	f.Add(p8)
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: p8}))
	f.Add([]byte("-----BEGIN PKCS12-----\nMAA=\n-----END PKCS12-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &secrets.Store{Passwords: []string{"x"}}
		if err := s.Read(bytes.NewReader(b), "k"); err == nil && s.Len() == 0 {
			t.Error("no secrets and no error")
		}
	})
}
