// Command talk is both sides of simple conversations: what a scenario needs of a client and a server, and no more.
//
//	talk echo [-size N] ADDRESS                     give messages of N bytes back, each when it is whole
//	talk sink [-after TIME] ADDRESS                 read what comes, but not before a while, and say at the end how much it was
//	talk doze [-pause TIME] ADDRESS                 read what comes a little at a time, with pauses
//	talk reset [-after TIME] ADDRESS                reset each connection after a while
//	talk full ADDRESS                               listen with the shortest queue, and accept nothing
//	talk proxy ADDRESS                              a proxy for CONNECT of HTTP
//	talk ssrp ADDRESS                               SQL Server Browser with one instance
//	talk smtp -cert FILE -key FILE ADDRESS          a server of mail that goes over to TLS (STARTTLS) and takes what comes
//	talk ask [-n N] [-size N] [-writes N] ADDRESS   ask an echo, each message in so many writes, with Nagle's algorithm when there is more than one
//	talk send [-bytes N] ADDRESS                    send a sink so much
//
// Clients check what comes back. With -want they check that it does not: refused, prohibited or silence.
// Congestion control is that of RFC 5681, which every kernel has, so that the same losses and queues have the same consequences.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"syscall"
	"time"
)

// A mode is what talk does, with its flags.
type mode struct {
	size, writes, times int
	bytes               int64
	after, patience     time.Duration
	pause               time.Duration
	via, want           string
	cert, key           string
	do                  func(m *mode, address string) error
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("talk: ")
	if len(os.Args) < 2 {
		log.Fatal("want echo, sink, proxy, ssrp, smtp, ask or send")
	}
	m := mode{}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	switch os.Args[1] {
	case "echo":
		m.do = (*mode).echo
		flags.IntVar(&m.size, "size", 100, "bytes of a message")
	case "sink":
		m.do = (*mode).sink
		flags.DurationVar(&m.after, "after", 0, "time before the first read")
	case "doze":
		m.do = (*mode).doze
		flags.DurationVar(&m.pause, "pause", 300*time.Millisecond, "time between two reads")
	case "reset":
		m.do = (*mode).reset
		flags.DurationVar(&m.after, "after", 200*time.Millisecond, "time before the reset")
	case "full":
		m.do = (*mode).full
	case "proxy":
		m.do = (*mode).proxy
	case "ssrp":
		m.do = (*mode).ssrp
	case "smtp":
		m.do = (*mode).smtp
		flags.StringVar(&m.cert, "cert", "", "file of the certificate")
		flags.StringVar(&m.key, "key", "", "file of its key")
	case "ask":
		m.do = (*mode).ask
		m.client(flags)
		flags.IntVar(&m.size, "size", 100, "bytes of a message")
		flags.IntVar(&m.writes, "writes", 1, "writes that a message takes")
		flags.IntVar(&m.times, "n", 10, "messages")
		flags.DurationVar(&m.pause, "pause", 5*time.Millisecond, "time before the next message, so that questions and answers do not run into one another")
	case "send":
		m.do = (*mode).send
		m.client(flags)
		flags.Int64Var(&m.bytes, "bytes", 1<<20, "bytes")
	default:
		log.Fatalf("unknown mode %s", os.Args[1])
	}
	flags.Parse(os.Args[2:])
	if flags.NArg() != 1 {
		log.Fatal("want one ADDRESS")
	}
	if err := m.expect(m.do(&m, flags.Arg(0))); err != nil {
		log.Fatal(err)
	}
}

func (m *mode) client(flags *flag.FlagSet) {
	flags.StringVar(&m.want, "want", "", "how it must fail: refused, prohibited, silence")
	flags.DurationVar(&m.patience, "patience", time.Minute, "time for all of it")
	flags.StringVar(&m.via, "via", "", "address of a proxy")
}

// expect turns the failure that is wanted into success, and says what came instead.
func (m *mode) expect(err error) error {
	var timeout interface{ Timeout() bool }
	silent := errors.As(err, &timeout) && timeout.Timeout()
	var as bool
	switch m.want {
	case "":
		return err
	case "refused":
		as = errors.Is(err, syscall.ECONNREFUSED)
	case "prohibited":
		as = errors.Is(err, syscall.EHOSTUNREACH)
	case "silence":
		as = silent
	default:
		return fmt.Errorf("-want %s", m.want)
	}
	if !as {
		return fmt.Errorf("it was to fail (%s), but: %v", m.want, err)
	}
	fmt.Println("as it should:", err)
	return nil
}
