package index

import (
	"io"
	"os"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
)

// Beside makes an analysis of the same paths build the index of captures in the same pass: the options are to be those of the index otherwise.
// SetCase and Build come after it, as always; they have less to do then.
func (x *Index) Beside(opt engine.Options) engine.Options {
	opt.Survey, opt.Spool = x.survey, x.spool
	return opt
}

// A spool is a private temporary file with the bytes of a compressed source, so that its records can be read again.
type spool struct {
	file *os.File
	err  error
}

// Write implements io.Writer. It takes everything: what the disk does not is noticed by whoever reads records again.
func (s *spool) Write(b []byte) (int, error) {
	if s.err == nil {
		_, s.err = s.file.Write(b)
	}
	return len(b), nil
}

func (s *spool) close() error {
	if s == nil {
		return nil
	}
	err := s.file.Close()
	if gone := os.Remove(s.file.Name()); err == nil {
		err = gone
	}
	return err
}

// spool begins the temporary file of a source. nil, when there can be none, leaves its rows to be kept whole.
func (x *Index) spool(index int) io.Writer {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.sources[index]
	if s.spool == nil {
		f, err := os.CreateTemp(x.opt.TempDir, "wiretale-*")
		if err != nil {
			return nil
		}
		s.spool = &spool{file: f}
	} else if err := s.restart(); err != nil {
		return nil
	}
	return s.spool
}

// restart is for a source that is read from its beginning once more. The lock is held.
func (s *source) restart() error {
	if s.complete { // it is read for another purpose
		return os.ErrExist
	}
	if _, err := s.spool.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	s.spool.err = s.spool.file.Truncate(0)
	return s.spool.err
}

// path is where a source is read again: its file, or its spool. The lock is held, or the index is built.
func (x *Index) path(s *source) string {
	if !s.complete || s.spool == nil || s.spool.err != nil {
		return x.paths[s.index]
	}
	path := s.spool.file.Name()
	if _, err := os.Stat(x.paths[s.index]); err != nil {
		if _, point, ok := trace.CutPoint(x.paths[s.index]); ok {
			return trace.PointPath(path, point)
		}
	}
	return path
}

// reread is the file that records are read again from; while it is spooled they are there as far as they are known. The lock is held.
func (x *Index) reread(s *source) string {
	if s.spool != nil {
		return s.spool.file.Name()
	}
	return x.paths[s.index]
}

// again are the paths and options of a further pass over some sources.
func (x *Index) again(opt engine.Options, sources ...*source) ([]string, engine.Options) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	called := map[string]string{}
	var paths []string
	for _, s := range sources {
		path, name := x.path(s), x.paths[s.index]
		if n := opt.Called[name]; n != "" {
			name = n
		}
		paths, called[path] = append(paths, path), name
	}
	opt.Called = called
	return paths, opt
}
