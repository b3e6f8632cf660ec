// Package object collects the files that connections carried: the content of
// messages of HTTP, and files that were read or written over SMB2. They are
// written to a directory as they come, or only listed.
package object

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// An Object is a file that was found.
type Object struct {
	Protocol string // "http", "smb"
	Source   int    // number of the source
	Conv     int    // number of its conversation
	Number   int64  // of the record that completes it, or that brought its last bytes
	Host     string // as the client named it; the address of the server over SMB2
	Type     string // of the content, as a header has it
	Name     string // under which it is written: safe on any system, and no other has it
	Size     int64  // in bytes, without those that are missing
	Lost     int64  // bytes that are missing in the capture
	Why      string // why it is not whole, or not decoded; "" when it is
	SHA256   string // of what was written, in hexadecimal; "" when nothing was
}

// A Set is the objects of a run.
type Set struct {
	// Dir is where they are written, "" for nowhere.
	Dir string
	// Most is how many bytes of an object are written.
	Most int64
	// Found gets each object when it is complete.
	Found func(*Object)
	// Err is the first error of writing.
	Err error

	names names
	files int
	smb   map[smbKey]*smbFile
	order []*smbFile
}

// maxBuffered is how many bytes of an object wait to be written.
const maxBuffered = 16 << 10

// A file is an object on its way. No file stays open: there may be many at a time.
type file struct {
	set     *Set
	path    string // "" before something is written
	buf     []byte
	size    int64
	written int64
}

// write appends bytes.
func (f *file) write(b []byte) {
	f.size += int64(len(b))
	if f.set.Dir == "" || f.set.Err != nil {
		return
	}
	b = b[:min(int64(len(b)), max(0, f.set.Most-f.written))]
	f.written += int64(len(b))
	if f.buf = append(f.buf, b...); len(f.buf) > maxBuffered {
		f.flush()
	}
}

// flush writes what waits.
func (f *file) flush() {
	if len(f.buf) > 0 || f.path == "" {
		f.at(-1, f.buf)
		f.buf = f.buf[:0]
	}
}

// at writes bytes at an offset, -1 for the end. What is on its way is for the user alone.
func (f *file) at(offset int64, b []byte) {
	flags := os.O_WRONLY | os.O_CREATE
	if offset < 0 {
		flags |= os.O_APPEND
	}
	if f.path == "" {
		flags |= os.O_EXCL
		f.set.files++
		f.path = filepath.Join(f.set.Dir, fmt.Sprintf(".wiretale-%d-%d", os.Getpid(), f.set.files))
	}
	out, err := os.OpenFile(f.path, flags, 0o600)
	if err == nil {
		if offset < 0 {
			_, err = out.Write(b)
		} else {
			_, err = out.WriteAt(b, offset)
		}
		if closing := out.Close(); err == nil {
			err = closing
		}
	}
	if err != nil && f.set.Err == nil {
		f.set.Err = err
	}
}

// finish gives the file its name; private leaves it for the user alone.
func (f *file) finish(o *Object, private bool) {
	s := f.set
	if s.Dir != "" && f.written < f.size && o.Why == "" {
		o.Why = fmt.Sprintf("the first %d bytes are written", f.written)
	}
	o.Size = f.size
	s.names.give(o, func(name string) bool {
		if s.Dir == "" {
			return false
		}
		_, err := os.Lstat(filepath.Join(s.Dir, name))
		return err == nil
	})
	if s.Dir != "" && s.Err == nil {
		f.flush()
		mode := fs.FileMode(0o644)
		if private {
			mode = 0o600
		}
		err := os.Chmod(f.path, mode)
		if err == nil {
			o.SHA256, err = digest(f.path)
		}
		if err == nil {
			err = os.Rename(f.path, filepath.Join(s.Dir, o.Name))
		}
		if err != nil && s.Err == nil {
			s.Err = err
		}
	}
	if s.Err != nil {
		f.drop()
		return
	}
	s.Found(o)
}

// digest reads what was written: bytes of SMB2 come in any order.
func digest(path string) (string, error) {
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, in); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// drop removes what was written.
func (f *file) drop() {
	if f.path != "" {
		os.Remove(f.path)
	}
}
