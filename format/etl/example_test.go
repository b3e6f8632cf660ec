package etl_test

import (
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/all"
	"github.com/wiretale/wiretale/provider/ndiscap"
	"github.com/wiretale/wiretale/trace"
)

// exampleFile writes a small trace of Windows 7: what netsh trace would
// record of a connection. Remove the directory that it is in.
func exampleFile() string {
	list, err := fixture.Parse([]byte(`
-- trace.etl --
trace windows=6.1.7601 cpus=2
0.5 event 4 TCPIP: TCP: endpoint (sockaddr=10.0.0.1:443) bound.
0.7 packet 0 in 10.0.0.2:49152 > 10.0.0.1:443 S
0.7001 event 0 TCPIP: TCP: connection 0x8921DD28 transition from ListenState to SynRcvdState, SndNxt = 0 (0x0).
0.7002 packet 0 out 10.0.0.1:443 > 10.0.0.2:49152 SA split=2
1 process 4 System key=1
`))
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "etl")
	if err != nil {
		log.Fatal(err)
	}
	path, err := list[0].Write(dir)
	if err != nil {
		log.Fatal(err)
	}
	return path
}

// Walk over the records of a file in order of time.
func Example() {
	path := exampleFile()
	defer os.RemoveAll(filepath.Dir(path))

	r, err := etl.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	s := r.Info().Session
	fmt.Println("Windows", s.Build, "from", time.Unix(0, s.Start).UTC().Format(time.DateTime))
	var rec trace.Record
	for {
		err := r.Next(&rec)
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err) // says where; what came before is good
		}
		if e := rec.Event; e.Header == trace.HeaderEvent {
			fmt.Printf("%d: %v %v id %d, process %d, %d bytes\n", rec.Pos.Number, time.Duration(rec.Time-s.Start), e.Provider, e.ID, e.PID, len(rec.Data))
		}
	}
	if d := r.Info().Damage; d.Any() {
		fmt.Println("not read:", d.Records, "records, the first one:", d.First[0])
	}
	// Output:
	// Windows 6.1.7601 from 2010-08-01 00:00:00
	// 2: 500ms {2F07E2EE-15DB-40F1-90EF-9D7BA282188A} id 1008, process 4, 24 bytes
	// 3: 700ms {2ED6006E-4729-4609-B423-3EE7BCD678EF} id 1001, process 0, 66 bytes
	// 4: 700.1ms {2F07E2EE-15DB-40F1-90EF-9D7BA282188A} id 1051, process 0, 20 bytes
	// 5: 700.2ms {2ED6006E-4729-4609-B423-3EE7BCD678EF} id 1001, process 0, 39 bytes
	// 6: 700.2ms {2ED6006E-4729-4609-B423-3EE7BCD678EF} id 1001, process 0, 39 bytes
}

// Print events with their names and fields. Layouts that the trace itself
// brings are often written at its end, so a first pass collects them.
func ExampleReader_Prepass() {
	path := exampleFile()
	defer os.RemoveAll(filepath.Dir(path))

	r, err := etl.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	names := provider.NewRegistry(all.All()...)
	if err := r.Prepass(names.Wants, func(rec *trace.Record) { names.Learn(rec) }); err != nil {
		log.Fatal(err)
	}
	names.SetBuild(provider.ParseBuild(r.Info().Session.Build))

	var e provider.Event
	for rec, err := range trace.Records(r) {
		if err != nil {
			log.Fatal(err)
		}
		if rec.Event.Kernel() || ndiscap.Wants(rec.Event) || !names.Decode(rec, &e) {
			continue // the system's own records, a packet, or an event that nobody describes
		}
		fmt.Printf("%d: %s: %s\n", rec.Pos.Number, provider.AppendName(nil, &e), names.AppendText(nil, &e))
	}
	// Output:
	// 2: TcpBindEndpointComplete: TCP: endpoint (sockaddr=10.0.0.1:443) bound.
	// 4: TcpTcbStateChange: TCP: connection 0x000000008921DD28 transition from ListenState to SynRcvdState, SndNxt = 0 (0x0).
}

// Take the packets out of a trace. One packet may be several events; package
// provider/pktmon does the same for traces of pktmon.
func ExampleReader_packets() {
	path := exampleFile()
	defer os.RemoveAll(filepath.Dir(path))

	r, err := etl.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	var packets ndiscap.Packets
	var packet trace.Record
	for rec, err := range trace.Records(r) {
		if err != nil {
			log.Fatal(err)
		}
		if ndiscap.Wants(rec.Event) && packets.Next(rec, &packet) {
			fmt.Printf("%d: link type %d, %d bytes, inbound %v\n", packet.Pos.Number, packet.Link, packet.WireLen, packet.Meta.Direction == trace.Inbound)
		}
	}
	packets.End()
	fmt.Println(packets.Lost, "fragments lost")
	// Output:
	// 3: link type 1, 54 bytes, inbound true
	// 6: link type 1, 54 bytes, inbound false
	// 0 fragments lost
}
