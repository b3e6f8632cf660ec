// Command benchcap writes the captures that `make bench` reads: the same
// bytes for the same flags, on any machine.
//
//	go run ./tools/benchcap -kind mix -mb 1000 -o mix.pcap
//
// The kinds are
//
//	mix    thousands of connections of all sizes, with loss and reordering
//	bulk   a few long transfers of full segments
//	small  requests and responses of a few bytes
//	short  connections of eight packets, one after another
//	steady two thousand connections that last to the end, with loss and reordering
//	smb    files read over SMB 2, eight reads of 64 KiB open on each connection
//	tls    pages of 2 MiB over TLS on -connections connections, with -suite; beside it OUT.keys, a key log, and OUT.key, the server's private key
//	visits short sessions of TLS, three of four of which go on with an earlier one; the same beside it
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
)

func main() {
	kind := flag.String("kind", "mix", "mix, bulk, small, short, steady, smb, tls or visits")
	megabytes := flag.Int64("mb", 100, "size of the file in millions of bytes")
	seed := flag.Uint64("seed", 1, "seed of the generator")
	suite := flag.String("suite", "TLS_RSA_WITH_AES_128_GCM_SHA256", "cipher suite of tls and visits: AES in GCM or CBC, or ChaCha20-Poly1305")
	connections := flag.Int("connections", 0, "connections that tls and visits have open at a time, 0 for 8 and 200")
	out := flag.String("o", "", "file to write")
	flag.Parse()
	shape, ok := shapes[*kind]
	if !ok || *out == "" {
		flag.Usage()
		os.Exit(2)
	}
	if *connections > 0 {
		shape.open = *connections
	}
	if err := write(*out, shape, *megabytes*1_000_000, *seed, *suite); err != nil {
		fmt.Fprintln(os.Stderr, "benchcap:", err)
		os.Exit(1)
	}
}

func write(path string, shape shape, size int64, seed uint64, suite string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	buf := bufio.NewWriterSize(f, 1<<20)
	w := &pcapWriter{out: buf}
	w.header()
	t := newTraffic(shape, seed, w)
	if shape.pages == 0 {
		t.run(size)
	} else if err := visits(t, path, size, suite); err != nil {
		return err
	}
	return buf.Flush()
}

// visits writes sessions of TLS, and their keys beside them.
func visits(t *traffic, path string, size int64, suite string) (err error) {
	log, err := os.Create(path + ".keys")
	if err != nil {
		return err
	}
	defer log.Close()
	keys := bufio.NewWriter(log)
	a, err := t.newAgreement(suite, keys)
	if err != nil {
		return err
	}
	t.runVisits(a, size)
	if err := keys.Flush(); err != nil {
		return err
	}
	return os.WriteFile(path+".key", a.server.pem(), 0o600)
}

// pcapWriter writes a pcap file of Ethernet frames with times in microseconds.
type pcapWriter struct {
	out  *bufio.Writer
	size int64
	head [16]byte
}

func (w *pcapWriter) header() {
	var h [24]byte
	binary.LittleEndian.PutUint32(h[0:], 0xa1b2c3d4)
	binary.LittleEndian.PutUint16(h[4:], 2)
	binary.LittleEndian.PutUint16(h[6:], 4)
	binary.LittleEndian.PutUint32(h[16:], 262144)
	binary.LittleEndian.PutUint32(h[20:], 1)
	w.out.Write(h[:])
	w.size = int64(len(h))
}

// record writes one frame; micros is its time since 1970.
func (w *pcapWriter) record(micros int64, frame []byte) {
	le := binary.LittleEndian
	le.PutUint32(w.head[0:], uint32(micros/1_000_000))
	le.PutUint32(w.head[4:], uint32(micros%1_000_000))
	le.PutUint32(w.head[8:], uint32(len(frame)))
	le.PutUint32(w.head[12:], uint32(len(frame)))
	w.out.Write(w.head[:])
	w.out.Write(frame)
	w.size += int64(len(w.head) + len(frame))
}
