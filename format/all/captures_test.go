package all_test

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/trace"
)

const captures = "../../../shared/captures"

// accepted differences from tshark; each has its line in docs/compat-tshark.md, section "Capture files".
var accepted = map[string]difference{
	"formats/pcpp_pcapng-example.pcapng":     {times: true},
	"formats/pcpp_pcapng-example.pcapng.zst": {times: true},
	"bad/ndpi_fuzz-2021-10-13.pcap":          {times: true},
	"bad/gopacket_le_test901.pcapng":         {frames: 2},
}

type difference struct {
	times  bool // times outside what 64 bits of nanoseconds or a second hold
	frames int  // frames read where tshark stops earlier
}

// TestCapturesEqualTshark compares number, time, lengths and interface of
// every frame with tshark's answer for the same file.
func TestCapturesEqualTshark(t *testing.T) {
	if _, err := os.Stat(captures); err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	for _, group := range []string{"formats", "link", "tso", "tcp", "app", "bad", "smb2", "tls", "twosided"} {
		files, err := filepath.Glob(filepath.Join(captures, "expected", group, "*", "frames.tsv.gz"))
		if err != nil || len(files) == 0 {
			t.Fatalf("group %s: %d expected files, %v", group, len(files), err)
		}
		for _, f := range files {
			name := filepath.Base(filepath.Dir(f))
			path := filepath.Join(captures, group, name)
			if _, err := os.Stat(path); err != nil {
				continue
			}
			t.Run(group+"/"+name, func(t *testing.T) {
				compare(t, path, f, accepted[group+"/"+name])
			})
		}
	}
}

func compare(t *testing.T, path, expected string, but difference) {
	want, err := frames(expected)
	if err != nil {
		t.Fatal(err)
	}
	rd, err := all.Open(path, all.Options{})
	if err != nil {
		if len(want) == 0 {
			return
		}
		t.Fatalf("%d frames expected: %v", len(want), err)
	}
	defer rd.Close()
	var rec trace.Record
	n, wrong := 0, 0
	for {
		err = rd.Next(&rec)
		if err != nil {
			break
		}
		if !rec.Numbered {
			continue
		}
		if n >= len(want) {
			n++
			continue
		}
		if got := row(&rec, rd.Info(), want[n]); but.times && outside(want[n].epoch) && got.epoch != want[n].epoch {
			n++ // the other columns of such frames
			got.epoch = want[n-1].epoch
			if got != want[n-1] {
				t.Errorf("frame %d\n got %v\nwant %v", n, got, want[n-1])
			}
			continue
		} else if got != want[n] {
			if wrong++; wrong <= 3 {
				t.Errorf("frame %d\n got %v\nwant %v", n+1, got, want[n])
			}
		}
		n++
	}
	if but.frames != 0 {
		if n != but.frames || n <= len(want) {
			t.Errorf("%d frames, want the accepted %d, tshark has %d", n, but.frames, len(want))
		}
	} else if n != len(want) {
		t.Errorf("%d frames, want %d; ended with %v", n, len(want), err)
	}
	var e *trace.Error
	if err != io.EOF && !errors.As(err, &e) {
		t.Errorf("ended with %T %v", err, err)
	}
}

// outside reports whether tshark's time cannot be ours: seconds beyond int64 nanoseconds, or a fraction of a second or more.
func outside(epoch string) bool {
	sec, frac, _ := strings.Cut(epoch, ".")
	n, err := strconv.ParseUint(sec, 10, 64)
	return err == nil && n > math.MaxInt64/1_000_000_000 || len(frac) > 9
}

type frame struct{ number, epoch, length, captured, iface string }

// row is the record as tshark prints it. tshark prints no interface for formats without one.
func row(rec *trace.Record, info *trace.Info, want frame) frame {
	f := frame{number: strconv.FormatInt(rec.Pos.Number, 10), length: strconv.Itoa(rec.WireLen), captured: strconv.Itoa(len(rec.Data))}
	if rec.Time != trace.NoTime {
		sec, frac := rec.Time/1e9, rec.Time%1e9
		if frac < 0 {
			sec, frac = sec-1, frac+1e9
		}
		f.epoch = fmt.Sprintf("%d.%09d", sec, frac)
	}
	if want.iface != "" && rec.Interface >= 0 && rec.Interface < len(info.Interfaces) {
		f.iface = strconv.Itoa(info.Interfaces[rec.Interface].ID)
	}
	return f
}

func frames(path string) ([]frame, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var out []frame
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		c := strings.Split(lines.Text(), "\t")
		if len(c) < 5 || c[0] == "frame.number" {
			continue
		}
		out = append(out, frame{c[0], c[1], c[2], c[3], c[4]})
	}
	return out, lines.Err()
}
