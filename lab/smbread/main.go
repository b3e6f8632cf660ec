// Command smbread reads a file of an SMB 2 or 3 share with so many reads of a size outstanding, and says how long it took.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloudsoda/go-smb2"
)

func main() {
	log.SetFlags(0)
	server := flag.String("server", "", "address of the server")
	dialect := flag.Uint("dialect", 0x0302, "dialect to offer, for example 0x0202")
	size := flag.Int("size", 65536, "bytes of a read")
	outstanding := flag.Int("outstanding", 1, "reads that wait for an answer at one time")
	flag.Parse()
	if flag.NArg() != 2 || *server == "" || *size < 1 || *outstanding < 1 {
		log.Fatal("usage: smbread -server ADDRESS [-dialect N] [-size N] [-outstanding N] SHARE FILE")
	}
	dialer := smb2.Dialer{
		MaxCreditBalance: 512, // so that reads of 1 MB, 16 credits each, need not wait for any
		Negotiator:       smb2.Negotiator{SpecifiedDialect: uint16(*dialect)},
		Initiator:        &smb2.NTLMInitiator{User: "nobody-of-the-lab"}, // becomes a guest
	}
	if err := read(&dialer, *server, flag.Arg(0), flag.Arg(1), *size, *outstanding); err != nil {
		log.Fatal(err)
	}
}

func read(d *smb2.Dialer, server, share, name string, size, outstanding int) error {
	session, err := d.Dial(context.Background(), server+":445")
	if err != nil {
		return err
	}
	defer session.Logoff()
	mount, err := session.Mount(share)
	if err != nil {
		return err
	}
	defer mount.Umount()
	file, err := mount.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := all(file, info.Size(), int64(size), outstanding); err != nil {
		return err
	}
	took := time.Since(start)
	fmt.Printf("%d bytes in %v, %.1f MB/s\n", info.Size(), took.Round(time.Millisecond), float64(info.Size())/took.Seconds()/1e6)
	return nil
}

// all reads the whole file: each reader asks for the next piece as soon as it has its last.
func all(file io.ReaderAt, total, size int64, readers int) error {
	var next atomic.Int64
	var wait sync.WaitGroup
	failed := make([]error, readers)
	for i := range readers {
		wait.Go(func() {
			b := make([]byte, size)
			for {
				offset := next.Add(size) - size
				if offset >= total {
					return
				}
				n, err := file.ReadAt(b[:min(size, total-offset)], offset)
				if err != nil && !errors.Is(err, io.EOF) {
					failed[i] = fmt.Errorf("%d bytes at %d: %w", n, offset, err)
					return
				}
			}
		})
	}
	wait.Wait()
	return errors.Join(failed...)
}
