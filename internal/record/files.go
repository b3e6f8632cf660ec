package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Limits of files of a ring, as tshark's -b has them. Zero is no limit.
type Limits struct {
	Size  int64 // bytes
	Time  time.Duration
	Files int // that are kept
}

// Any reports whether there is more than one file.
func (l Limits) Any() bool { return l.Size > 0 || l.Time > 0 }

// Set takes an option of -b: filesize:KB, duration:SECONDS, files:N.
func (l *Limits) Set(option string) error {
	name, value, _ := strings.Cut(option, ":")
	switch name {
	case "filesize", "files":
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil || n < 1 {
			return fmt.Errorf("%s:%q is no number from 1 on", name, value)
		}
		if name == "files" {
			l.Files = int(n)
		} else {
			l.Size = n * 1000 // tshark's kB
		}
	case "duration":
		f, err := strconv.ParseFloat(value, 64)
		if err != nil || f <= 0 || f > 1e9 {
			return fmt.Errorf("duration:%q are no seconds", value)
		}
		l.Time = time.Duration(f * float64(time.Second))
	default:
		return fmt.Errorf("%q is none of filesize:KB, duration:SECONDS, files:N", option)
	}
	return nil
}

// Files is the output that files are: one, or a ring of them, which only the user may read.
type Files struct {
	Path   string
	Limits Limits
	// Closed is called with each file that is complete; nil for nobody.
	Closed func(path string)

	file   *os.File
	number int
	paths  []string // that are kept
}

// Open implements Output.
func (f *Files) Open() (io.Writer, error) {
	path := f.Path
	if f.Limits.Any() {
		f.number++
		ext := filepath.Ext(path)
		path = fmt.Sprintf("%s_%05d_%s%s", strings.TrimSuffix(path, ext), f.number, time.Now().Format("20060102150405"), ext)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if st, err := file.Stat(); err == nil && st.Mode().IsRegular() { // it may have been there before
		if err := file.Chmod(0o600); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	f.file, f.paths = file, append(f.paths, path)
	for f.Limits.Files > 0 && len(f.paths) > f.Limits.Files {
		if err := os.Remove(f.paths[0]); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(err, file.Close())
		}
		f.paths = f.paths[1:]
	}
	return file, nil
}

// Full implements Output.
func (f *Files) Full(bytes int64, since time.Duration) bool {
	return f.Limits.Size > 0 && bytes >= f.Limits.Size || f.Limits.Time > 0 && since >= f.Limits.Time
}

// Done implements Output.
func (f *Files) Done(whole int64) error {
	st, err := f.file.Stat()
	if err == nil && st.Mode().IsRegular() && st.Size() > whole {
		err = f.file.Truncate(whole)
	}
	if err = errors.Join(err, f.file.Close()); err == nil && f.Closed != nil {
		f.Closed(f.paths[len(f.paths)-1])
	}
	return err
}

// Paths are the files that are kept, the oldest first.
func (f *Files) Paths() []string { return f.paths }

// A Stream is an output that is a pipe.
type Stream struct{ W io.Writer }

// Open implements Output.
func (s Stream) Open() (io.Writer, error) { return s.W, nil }

// Full implements Output: a pipe is never.
func (Stream) Full(int64, time.Duration) bool { return false }

// Done implements Output.
func (Stream) Done(int64) error { return nil }
