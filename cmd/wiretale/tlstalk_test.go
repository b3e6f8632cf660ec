package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wiretale/wiretale/internal/fixture/tlstalk"
)

// talkPassword is the password of the private keys that makeTLSTalk encrypts.
const talkPassword = "open sesame"

// makeTLSTalk is the command tlstalk of scripts: a connection to a port with a request of HTTP and its answer in TLS of a version, with RSA to
// exchange keys before TLS 1.3, as NAME.pcap; what opens it as NAME.log, NAME.pem and, encrypted, NAME.enc.pem.
func makeTLSTalk(ts *testscript.TestScript, _ bool, args []string) {
	versions := map[string]uint16{"1.0": tls.VersionTLS10, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}
	if len(args) != 3 || versions[args[2]] == 0 {
		ts.Fatalf("usage: tlstalk NAME PORT VERSION")
	}
	port, err := strconv.ParseUint(args[1], 10, 16)
	ts.Check(err)
	o := tlstalk.Options{Version: versions[args[2]]}
	if o.Version < tls.VersionTLS13 {
		o.Suite = tls.TLS_RSA_WITH_AES_128_CBC_SHA
	}
	talk, err := tlstalk.New(o, []byte("GET /secret HTTP/1.1\r\nHost: shop.test\r\n\r\n"), []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
	ts.Check(err)
	k := segmentTalk{ports: [2]uint16{40000, uint16(port)}}
	for _, m := range talk.Messages {
		for part := range slices.Chunk(m.Bytes, 1400) {
			k.say(m.Dir, string(part))
		}
	}
	for name, b := range map[string][]byte{
		".pcap": pcapOf(k.frames), ".log": talk.KeyLog,
		".pem":     pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: talk.PrivateKey}),
		".enc.pem": encryptedPEM(talk.PrivateKey),
	} {
		ts.Check(os.WriteFile(ts.MkAbs(args[0]+name), b, 0o600))
	}
}

// encryptedPEM encrypts a private key as OpenSSL did before PKCS#8: the key is the MD5 of the password and of the first 8 bytes of the IV.
func encryptedPEM(der []byte) []byte {
	iv := []byte("0123456789abcdef")
	key := md5.Sum(append([]byte(talkPassword), iv[:8]...))
	padding := 16 - len(der)%16
	b := append(slices.Clone(der), []byte(strings.Repeat(string(rune(padding)), padding))...)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(b, b)
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: b, Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": fmt.Sprintf("AES-128-CBC,%X", iv)}})
}
