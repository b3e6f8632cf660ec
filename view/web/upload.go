package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/wiretale/wiretale/view/api"
)

const (
	// maxFiles is how many files a case has at most, maxParts how many parts an upload, which may have others.
	maxFiles = 64
	maxParts = 128
)

// uploads is the private folder for files that are uploaded. It is made when the first one comes.
type uploads struct {
	parent string
	mu     sync.Mutex
	root   string
	gone   bool
	create func(path string) (io.WriteCloser, error) // for tests; nil is a file
}

// folder makes a folder for the files of a case.
func (u *uploads) folder() (string, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone {
		return "", problem(http.StatusServiceUnavailable, "the server ends")
	}
	if u.root == "" {
		root, err := os.MkdirTemp(u.parent, "wiretale-serve-*") // mode 0700
		if err != nil {
			return "", err
		}
		u.root = root
	}
	return os.MkdirTemp(u.root, "case-*")
}

// remove removes all of it.
func (u *uploads) remove() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.gone = true
	if u.root == "" {
		return nil
	}
	return os.RemoveAll(u.root)
}

func (u *uploads) open(path string) (io.WriteCloser, error) {
	if u.create != nil {
		return u.create(path)
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// upload answers POST of a case: the files of a form become one.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	c, err := s.receive(w, r)
	if err != nil {
		w.Header().Set("Connection", "close") // what else comes of the body is not read
		s.tell(w, r, err)
		return
	}
	w.Header().Set("Location", Prefix+"/cases/"+c.id)
	put(w, http.StatusCreated, c.State())
}

// receive writes the files of a form into a folder and makes a case of them. On an error nothing of them stays.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) (*Case, error) {
	if err := s.cases.full(); err != nil {
		return nil, err
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "multipart/form-data" {
		return nil, problem(http.StatusUnsupportedMediaType, "files are uploaded as multipart/form-data")
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, problem(http.StatusBadRequest, "the form cannot be read")
	}
	folder, err := s.uploads.folder()
	if err != nil {
		return nil, stored(err)
	}
	files, err := s.files(form, folder, http.NewResponseController(w))
	if err == nil && len(files) == 0 {
		err = problem(http.StatusBadRequest, "the form has no file")
	}
	var c *Case
	if err == nil {
		c, err = s.cases.add(s, files, folder)
	}
	if err != nil {
		os.RemoveAll(folder)
		return nil, err
	}
	return c, nil
}

// files stores the files of a form. Their names on the disk are numbers: what a client calls a file is only shown.
func (s *Server) files(form *multipart.Reader, folder string, conn *http.ResponseController) (list []File, err error) {
	var taken []string
	for n := 0; ; n++ {
		conn.SetReadDeadline(time.Now().Add(s.times.upload))
		p, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, s.received(err)
		case n >= maxParts:
			return nil, problem(http.StatusRequestEntityTooLarge, "the form has more than %d parts", maxParts)
		case filename(p) == "":
			continue
		case len(list) >= maxFiles:
			return nil, problem(http.StatusRequestEntityTooLarge, "a case has at most %d files", maxFiles)
		}
		name := unlike(safeName(filename(p)), taken)
		path := filepath.Join(folder, itoa(len(list)))
		size, err := s.store(path, p, conn)
		if err != nil {
			return nil, err
		}
		taken = append(taken, name)
		list = append(list, File{Name: name, Bytes: size, Uploaded: true, path: path, source: name})
	}
}

// filename is what the client calls a file, as it says it; "" for a part that is no file.
func filename(p *multipart.Part) string {
	_, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	return params["filename"]
}

// chunk is how much of an upload is read at a time.
const chunk = 256 << 10

// store writes one file.
func (s *Server) store(path string, from io.Reader, conn *http.ResponseController) (size int64, err error) {
	f, err := s.uploads.open(path)
	if err != nil {
		return 0, stored(err)
	}
	defer func() {
		if closing := f.Close(); err == nil && closing != nil {
			err = stored(closing)
		}
	}()
	buf := make([]byte, chunk)
	for {
		conn.SetReadDeadline(time.Now().Add(s.times.upload))
		n, end := from.Read(buf)
		if _, err := f.Write(buf[:n]); err != nil {
			return 0, stored(err)
		}
		size += int64(n)
		switch {
		case end == io.EOF:
			return size, nil
		case end != nil:
			return 0, s.received(end)
		case s.cases.ctx.Err() != nil:
			return 0, problem(http.StatusServiceUnavailable, "the server ends")
		}
	}
}

// stored says why a file cannot be kept, without the path.
func stored(err error) error {
	if isFull(err) {
		p := problem(http.StatusInsufficientStorage, "the disk of the temporary folder is full")
		p.Suggestion = "name the files on the command line: they are read where they are"
		return p
	}
	var shown *api.Error
	if errors.As(err, &shown) {
		return err
	}
	var of *os.PathError
	if errors.As(err, &of) {
		err = of.Err
	}
	return problem(http.StatusInternalServerError, "the file cannot be stored: %v", err)
}

// isFull reports whether a disk is full: Windows has two numbers of its own for it, ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || runtime.GOOS == "windows" && (errors.Is(err, syscall.Errno(39)) || errors.Is(err, syscall.Errno(112)))
}

// received says why no more came of an upload.
func (s *Server) received(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return problem(http.StatusRequestTimeout, "nothing came of the upload for %v", s.times.upload)
	}
	return problem(http.StatusBadRequest, "the upload ended early, or is no form")
}
