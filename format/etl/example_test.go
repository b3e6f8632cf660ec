package etl_test

import (
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/trace"
)

// Count the events of a file by provider and id. Package provider turns
// payloads into named fields.
func Example() {
	dir, err := os.MkdirTemp("", "etl")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "trace.etl")
	if err := os.WriteFile(path, tiny(2), 0o600); err != nil {
		log.Fatal(err)
	}

	r, err := etl.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	var rec trace.Record
	for {
		err := r.Next(&rec)
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err) // what came before is good
		}
		if rec.Event.Header == trace.HeaderEvent {
			fmt.Println(rec.Pos.Number, rec.Event.ID, rec.Event.PID, len(rec.Data), "bytes")
		}
	}
	fmt.Println("Windows", r.Info().Session.Build)
	// Output:
	// 2 1000 4 4 bytes
	// 3 1001 4 4 bytes
	// Windows 6.1.7601
}
