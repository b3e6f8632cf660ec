package index

import (
	"errors"
	"os"
	"sync"

	"github.com/wiretale/wiretale/trace"
)

// readers read bytes of the sources' files again.
type readers struct {
	mu    sync.Mutex
	files map[int]*os.File // by source
	done  bool
}

// read fills data from an offset of the file of a source.
func (r *readers) read(path string, source int, data []byte, offset int64) error {
	f, err := r.open(path, source)
	if err != nil || len(data) == 0 {
		return err
	}
	_, err = f.ReadAt(data, offset)
	return err
}

func (r *readers) open(path string, source int) (*os.File, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.files[source]; f != nil {
		return f, nil
	}
	if r.done {
		return nil, errEnd
	}
	if file, _, ok := trace.CutPoint(path); ok {
		path = file
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if r.files == nil {
		r.files = map[int]*os.File{}
	}
	r.files[source] = f
	return f, nil
}

func (r *readers) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = true
	var errs []error
	for _, f := range r.files {
		errs = append(errs, f.Close())
	}
	r.files = nil
	return errors.Join(errs...)
}
