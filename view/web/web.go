// Package web serves cases to a browser on the loopback interface: the pages,
// which are built from web/ into this package, and the values that they show,
// as docs/api.md describes them.
//
// Whoever asks must know the token of the server, under a name of this host,
// from a page of the server's own. Files are read and never written; what is
// uploaded lies in a private temporary folder until its case is closed.
package web

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
)

// Options of a server.
type Options struct {
	// Product is the name and version of the program.
	Product string
	// Engine are the options of every analysis: LengthAsSent, KeepDuplicates, DecodeAs, Secrets and Workers are used.
	Engine engine.Options
	// Location is the time zone of times that filters name without one; UTC when nil.
	Location *time.Location
	// TempDir is where the folder of uploads is made, "" for the system's place.
	TempDir string
	// Log gets what goes wrong inside; nil to write to standard error. No token is in it.
	Log io.Writer
}

// A Server serves cases. Make it with [New].
type Server struct {
	opt    Options
	log    *log.Logger
	token  string
	hosts  []string // values of Host that are ours
	cookie string   // name of the cookie

	listener net.Listener
	http     *http.Server
	tickets  tickets
	cases    cases
	uploads  uploads
	times    times
	first    firstLook
	analyse  func(ctx context.Context, paths []string, opt engine.Options) (*engine.Case, error)
	answers  chan struct{} // a slot each for the answers that are worked out at once
}

// maxAnswers is how many answers are worked out at once: some make a pass over the files, and each has buffers.
const maxAnswers = 4

// New makes a server that listens on a port of the loopback interface, 0 for a free one. It answers when [Server.Serve] is called.
func New(port int, opt Options) (*Server, error) { return newServer(port, opt, usual) }

func newServer(port int, opt Options, patience times) (*Server, error) {
	if opt.Log == nil {
		opt.Log = os.Stderr
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	s := &Server{opt: opt, log: log.New(opt.Log, "wiretale: ", 0), token: secret(), listener: l, times: patience, first: usualLook, analyse: engine.Analyse, answers: make(chan struct{}, maxAnswers)}
	port = l.Addr().(*net.TCPAddr).Port
	s.hosts = hostsOf(port)
	s.cookie = "wiretale-" + strconv.Itoa(port) // cookies of all ports of a host are together
	s.uploads.parent = opt.TempDir
	s.cases.init()
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: patience.header,
		IdleTimeout:       patience.idle,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // it tells of clients that went away, with what they sent
		BaseContext:       func(net.Listener) context.Context { return s.cases.ctx },
	}
	return s, nil
}

// secret is 256 random bits as text.
func secret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// URL is the address to open, with the token.
func (s *Server) URL() string { return s.address() + "/?token=" + s.token }

// Ticket is an address to open that is good for once and a minute: what starts a browser has it among its arguments, where other users see it.
func (s *Server) Ticket() string { return s.address() + "/?token=" + s.tickets.issue(time.Now()) }

func (s *Server) address() string { return "http://" + s.hosts[0] }

// times are how long the server waits for clients.
type times struct {
	header time.Duration // for the head of a request
	idle   time.Duration // for the next request
	upload time.Duration // for more of an upload
	answer time.Duration // until an answer, or a part of a long one, is taken
}

var usual = times{header: 10 * time.Second, idle: 2 * time.Minute, upload: 30 * time.Second, answer: 30 * time.Second}

const (
	// maxHeader bounds the head of a request in bytes.
	maxHeader = 16 << 10
	// leaveTime is how long answers on their way may take once the server ends.
	leaveTime = 2 * time.Second
)

// Serve answers until ctx is done. Then it cancels what runs and removes what was uploaded.
func (s *Server) Serve(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(s.listener) }()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	return errors.Join(err, s.Close())
}

// Close ends the server, what its cases do, and removes what was uploaded.
func (s *Server) Close() error {
	open := s.cases.close()
	ctx, stop := context.WithTimeout(context.Background(), leaveTime)
	defer stop()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
	s.listener.Close() // Serve may not have been called
	var closing sync.WaitGroup
	for _, c := range open {
		closing.Go(c.close)
	}
	closing.Wait()
	return s.uploads.remove()
}

// Open makes a case of files and begins to analyse it. names has what the user calls each of them.
func (s *Server) Open(paths, names []string) error {
	files := make([]File, len(paths))
	for i, p := range paths {
		files[i] = File{Name: filepath.Base(names[i]), path: p, source: names[i]}
	}
	folder, err := s.uploads.folder()
	if err == nil {
		_, err = s.cases.add(s, files, folder)
	}
	return err
}

// tickets are tokens that are good for one use.
type tickets struct {
	mu   sync.Mutex
	open map[string]time.Time // with the time until which they are good
}

const ticketTime = time.Minute

func (t *tickets) issue(now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[string]time.Time{}
	}
	name := secret()
	t.open[name] = now.Add(ticketTime)
	return name
}

// use reports whether a ticket is good, which it is no longer then.
func (t *tickets) use(name string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	until, ok := t.open[name]
	delete(t.open, name)
	return ok && now.Before(until)
}

// hostsOf are the names of the server that a browser may have asked for. A
// name of somebody else's that leads here (DNS rebinding) is none of them.
func hostsOf(port int) (list []string) {
	for _, name := range []string{"127.0.0.1", "localhost", "[::1]"} {
		list = append(list, fmt.Sprintf("%s:%d", name, port))
	}
	if port == 80 {
		list = append(list, "127.0.0.1", "localhost", "[::1]")
	}
	return list
}
