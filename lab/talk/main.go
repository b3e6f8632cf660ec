// Command talk is both sides of simple conversations: what a scenario needs of a client and a server, and no more.
//
//	talk echo [-size N] [-writes N] [-think TIME] ADDRESS
//	                                                give messages of N bytes back, each when it is whole and a while has passed, in so many writes
//	talk sink [-after TIME] ADDRESS                 read what comes, but not before a while, and say at the end how much it was
//	talk doze [-pause TIME] ADDRESS                 read what comes a little at a time, with pauses
//	talk web [-bytes N] [-think TIME] ADDRESS       a web server that has any page, after a while
//	talk source [-bytes N] ADDRESS                  send so much to who comes
//	talk dns [-think TIME] [-rcode N] [-drop N] ADDRESS
//	                                                a name server that has any name, answers after a while, with a code, and leaves every Nth question without an answer
//	talk reset [-after TIME] ADDRESS                reset each connection after a while
//	talk full [-queue N] ADDRESS                    listen with a short queue, and accept nothing
//	talk proxy ADDRESS                              a proxy for CONNECT of HTTP
//	talk ssrp ADDRESS                               SQL Server Browser with one instance
//	talk smtp -cert FILE -key FILE ADDRESS          a server of mail that goes over to TLS (STARTTLS) and takes what comes
//	talk ask [-n N] [-size N] [-writes N] ADDRESS   ask an echo, each message in so many writes, with Nagle's algorithm when there is more than one
//	talk send [-bytes N] [-pause TIME] ADDRESS      send a sink so much, with a pause before each write
//	talk take [-after TIME] [-bytes N] ADDRESS      read what a source sends, but not before a while
//	talk look [-n N] [-pause TIME] ADDRESS          ask a name server for so many names
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
	queue               int
	bytes               int64
	after, patience     time.Duration
	pause, think        time.Duration
	rcode, drop         int
	via, want           string
	cert, key           string
	do                  func(m *mode, address string) error
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("talk: ")
	if len(os.Args) < 2 {
		log.Fatal("want echo, sink, web, source, dns, doze, reset, full, proxy, ssrp, smtp, ask, send, take or look")
	}
	m := mode{}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	switch os.Args[1] {
	case "echo":
		m.do = (*mode).echo
		flags.IntVar(&m.size, "size", 100, "bytes of a message")
		flags.IntVar(&m.writes, "writes", 1, "writes that a message takes, with Nagle's algorithm when there is more than one")
		flags.DurationVar(&m.think, "think", 0, "time before an answer")
	case "web":
		m.do = (*mode).web
		flags.Int64Var(&m.bytes, "bytes", 1000, "bytes of a page")
		flags.DurationVar(&m.think, "think", 0, "time before an answer")
	case "source":
		m.do = (*mode).source
		flags.Int64Var(&m.bytes, "bytes", 1<<20, "bytes")
	case "dns":
		m.do = (*mode).dns
		flags.DurationVar(&m.think, "think", 0, "time before an answer")
		flags.IntVar(&m.rcode, "rcode", 0, "code of answers")
		flags.IntVar(&m.drop, "drop", 0, "which questions have no answer: every Nth, 0 for none")
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
		flags.IntVar(&m.queue, "queue", 1, "length of the queue")
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
		flags.DurationVar(&m.pause, "pause", 0, "time before each write but the first, of 16 KiB")
	case "take":
		m.do = (*mode).take
		m.client(flags)
		flags.Int64Var(&m.bytes, "bytes", 1<<20, "bytes")
		flags.DurationVar(&m.after, "after", 0, "time before the first read")
	case "look":
		m.do = (*mode).look
		flags.IntVar(&m.times, "n", 10, "names")
		flags.DurationVar(&m.pause, "pause", 50*time.Millisecond, "time before the next name")
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
