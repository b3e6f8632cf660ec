// Package formattest holds readers to what every format must keep, whatever
// bytes they are given. For tests only.
package formattest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/trace"
)

// Open opens data with f, as a file of known size or as a pipe.
func Open(f format.Format, data []byte, pipe bool) (trace.Reader, error) {
	in := &format.Input{Name: "test", Source: 3, Size: int64(len(data))}
	if f.Random {
		in.At = bytes.NewReader(data)
	} else {
		in.Stream = bytes.NewReader(data)
		if pipe {
			in.Size, in.Stream = -1, oneByte{in.Stream}
		}
	}
	return f.Open(in)
}

// oneByte is a pipe that delivers little at a time.
type oneByte struct{ io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.Reader.Read(p[:min(len(p), 7)]) }

// Result is what a reader made of its input. Records are copies.
type Result struct {
	Records []trace.Record
	Info    *trace.Info
	Err     error // io.EOF, or why reading stopped
}

// Read drains a reader of f over data and checks what holds for every input:
// numbers grow, offsets lie in the input, slices are no longer than it, the
// last error stays, and an error is a *trace.Error.
func Read(t testing.TB, f format.Format, data []byte, pipe bool) (res Result) {
	t.Helper()
	rd, err := Open(f, data, pipe)
	if err != nil {
		checkError(t, err)
		return Result{Err: err}
	}
	defer rd.Close()
	last := int64(0)
	var rec trace.Record
	for n := 0; ; n++ {
		if n > len(data)+1 {
			t.Fatalf("%d records from %d bytes", n, len(data))
		}
		if err = rd.Next(&rec); err != nil {
			break
		}
		if err := check(&rec, last, len(data), rd.Info()); err != nil {
			t.Fatal(err)
		}
		last = rec.Pos.Number
		keep := rec
		keep.Data = bytes.Clone(rec.Data)
		keep.Meta = clone(rec.Meta)
		res.Records = append(res.Records, keep)
	}
	if err != io.EOF {
		checkError(t, err)
	}
	if again := rd.Next(&rec); again != err {
		t.Fatalf("error %v, then %v", err, again)
	}
	res.Info, res.Err = rd.Info(), err
	checkBatches(t, f, data, pipe, &res)
	return res
}

// checkBatches reads the same in batches, where the format can, and compares.
func checkBatches(t testing.TB, f format.Format, data []byte, pipe bool, want *Result) {
	t.Helper()
	rd, err := Open(f, data, pipe)
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	br, ok := rd.(trace.BatchReader)
	if !ok {
		return
	}
	n := 0
	var batch trace.Batch
	for err = br.NextBatch(&batch); err == nil; err = br.NextBatch(&batch) {
		if len(batch.Frames) == 0 {
			t.Fatal("a batch without a record")
		}
		for i := range batch.Frames {
			var rec trace.Record
			batch.Record(i, &rec)
			if n == len(want.Records) {
				t.Fatalf("batches hold more than %d records", n)
			}
			if reflect.DeepEqual(want.Records[n], rec) {
				n++
				continue
			}
			if diff := cmp.Diff(want.Records[n], rec, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("record %d one by one (-) and in a batch (+)\n%s", n, diff)
			}
			n++
		}
	}
	if n != len(want.Records) || err.Error() != want.Err.Error() {
		t.Fatalf("%d records and %v, but in batches %d and %v", len(want.Records), want.Err, n, err)
	}
	if got, want := fmt.Sprintf("%+v", *rd.Info()), fmt.Sprintf("%+v", *want.Info); got != want {
		t.Fatalf("source\n%s\nbut in batches\n%s", want, got)
	}
}

// clone copies m with all that it points at.
func clone(m *trace.Meta) *trace.Meta {
	if m == nil {
		return nil
	}
	c := *m
	c.Comments, c.Hash = slices.Clone(m.Comments), bytes.Clone(m.Hash)
	c.Verdicts, c.Options = nil, nil
	for _, v := range m.Verdicts {
		v.Data = bytes.Clone(v.Data)
		c.Verdicts = append(c.Verdicts, v)
	}
	for _, o := range m.Options {
		c.Options = append(c.Options, trace.Option{Code: o.Code, Value: bytes.Clone(o.Value)})
	}
	return &c
}

func check(rec *trace.Record, last int64, size int, info *trace.Info) error {
	switch {
	case rec.Numbered && rec.Pos.Number != last+1, !rec.Numbered && rec.Pos.Number != last:
		return fmt.Errorf("record number %d after %d, numbered %v", rec.Pos.Number, last, rec.Numbered)
	case rec.Pos.Source != 3:
		return fmt.Errorf("source %d", rec.Pos.Source)
	case rec.Pos.Offset < 0 || rec.Pos.Offset >= int64(size):
		return fmt.Errorf("offset %d in %d bytes", rec.Pos.Offset, size)
	case len(rec.Data) > longest(rec, size):
		return fmt.Errorf("record of %d bytes from %d", len(rec.Data), size)
	case rec.Kind == 0:
		return errors.New("record without a kind")
	case rec.Interface < -1 || rec.Interface >= len(info.Interfaces):
		return fmt.Errorf("interface %d of %d", rec.Interface, len(info.Interfaces))
	}
	return nil
}

// longest is the most that a record of a file of size bytes can have: an exported row is UTF-8, and what is three bytes
// there can be two in a file of UTF-16.
func longest(rec *trace.Record, size int) int {
	if rec.Event != nil && rec.Event.Header == trace.HeaderProcmon {
		return size + size/2
	}
	return size
}

func checkError(t testing.TB, err error) {
	t.Helper()
	var e *trace.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %T %v is not a *trace.Error", err, err)
	}
	if !errors.Is(err, trace.ErrTruncated) && !errors.Is(err, trace.ErrCorrupt) && !errors.Is(err, trace.ErrUnknownFormat) {
		t.Fatalf("%v wraps none of the sentinels", err)
	}
}

// Cut reads data cut at every byte: the records before the cut are those of
// the whole, and a cut inside a record says ErrTruncated with its offset.
func Cut(t *testing.T, f format.Format, data []byte) {
	t.Helper()
	whole := Read(t, f, data, false)
	if whole.Err != io.EOF {
		t.Fatal(whole.Err)
	}
	borders := 0
	for n := range data {
		for _, pipe := range []bool{false, true} {
			got := Read(t, f, data[:n], pipe)
			if len(got.Records) > len(whole.Records) {
				t.Fatalf("cut at %d: %d records, the whole has %d", n, len(got.Records), len(whole.Records))
			}
			for i, r := range got.Records {
				if w := whole.Records[i]; r.Pos != w.Pos || r.Time != w.Time || !bytes.Equal(r.Data, w.Data) {
					t.Fatalf("cut at %d: record %d is %+v, want %+v", n, i, r, w)
				}
			}
			if got.Err == io.EOF {
				borders++
			} else if !errors.Is(got.Err, trace.ErrTruncated) && n > 16 {
				t.Fatalf("cut at %d: %v", n, got.Err)
			}
		}
	}
	if borders > 4*len(whole.Records)+64 {
		t.Errorf("%d of %d cuts were taken for the end of the file", borders, 2*len(data))
	}
}

// Fuzz is the body of a fuzz target: whatever the bytes, Read's checks hold, for a
// file and for a pipe that delivers little at a time.
func Fuzz(f *testing.F, ft format.Format, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if ft.Sniff(data[:min(len(data), format.HeadSize)]) && len(data) == 0 {
			t.Fatal("an empty file has no format")
		}
		Read(t, ft, data, false)
		Read(t, ft, data, true)
	})
}

// Allocs reads data and fails when a record costs an allocation.
func Allocs(t *testing.T, f format.Format, data []byte) {
	t.Helper()
	rd, err := Open(f, data, false)
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	var rec trace.Record
	if err := rd.Next(&rec); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := rd.Next(&rec); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}

// Bench reads data over and over; records is how many it has.
func Bench(b *testing.B, f format.Format, data []byte, records int) {
	b.SetBytes(int64(len(data)))
	var rec trace.Record
	for b.Loop() {
		rd, err := Open(f, data, false)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for rd.Next(&rec) == nil {
			n++
		}
		rd.Close()
		if n != records {
			b.Fatalf("%d records, want %d", n, records)
		}
	}
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}

// BenchBatch is Bench, in batches.
func BenchBatch(b *testing.B, f format.Format, data []byte, records int) {
	b.SetBytes(int64(len(data)))
	var batch trace.Batch
	for b.Loop() {
		rd, err := Open(f, data, false)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for rd.(trace.BatchReader).NextBatch(&batch) == nil {
			n += len(batch.Frames)
		}
		rd.Close()
		if n != records {
			b.Fatalf("%d records, want %d", n, records)
		}
	}
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}
