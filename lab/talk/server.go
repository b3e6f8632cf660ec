package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reno chooses the congestion control of a socket.
func reno(c syscall.RawConn) (err error) {
	if e := c.Control(func(fd uintptr) { err = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, "reno") }); e != nil {
		return e
	}
	return err
}

// serve gives each connection to a function of its own, and closes it then.
func serve(address string, each func(*net.TCPConn) error) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer l.Close()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			t := c.(*net.TCPConn)
			raw, err := t.SyscallConn()
			if err == nil {
				err = reno(raw)
			}
			if err == nil {
				err = each(t)
			}
			if err != nil {
				log.Print(c.RemoteAddr(), ": ", err)
			}
		}()
	}
}

func (m *mode) echo(address string) error {
	return serve(address, func(c *net.TCPConn) error {
		if m.writes > 1 {
			if err := c.SetNoDelay(false); err != nil {
				return err
			}
		}
		b := make([]byte, m.size)
		for {
			if _, err := io.ReadFull(c, b); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			time.Sleep(m.think)
			if err := m.write(c, b); err != nil {
				return err
			}
		}
	})
}

func (m *mode) web(address string) error {
	return http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(m.think)
		w.Header().Set("Content-Length", strconv.FormatInt(m.bytes, 10))
		pour(w, m.bytes, 0) // who goes away has gone
	}))
}

func (m *mode) source(address string) error {
	return serve(address, func(c *net.TCPConn) error { return pour(c, m.bytes, 0) })
}

func (m *mode) sink(address string) error {
	return serve(address, func(c *net.TCPConn) error {
		time.Sleep(m.after)
		n, err := io.Copy(struct{ io.Writer }{io.Discard}, c)
		if err != nil {
			return err
		}
		return binary.Write(c, binary.BigEndian, n)
	})
}

func (m *mode) proxy(address string) error {
	return serve(address, func(c *net.TCPConn) error {
		from := bufio.NewReader(c)
		request, err := http.ReadRequest(from)
		if err != nil {
			return err
		}
		if request.Method != http.MethodConnect {
			_, err = io.WriteString(c, "HTTP/1.1 405 Method Not Allowed\r\nAllow: CONNECT\r\nContent-Length: 0\r\n\r\n")
			return err
		}
		to, err := net.Dial("tcp", request.Host)
		if err != nil {
			io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
			return err
		}
		defer to.Close()
		if _, err := io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
			return err
		}
		var both sync.WaitGroup
		both.Go(func() { carry(to.(*net.TCPConn), from) })
		both.Go(func() { carry(c, to) })
		both.Wait()
		return nil
	})
}

// carry takes bytes on until their end, and that too.
func carry(to *net.TCPConn, from io.Reader) {
	io.Copy(to, from) // who closes or resets ends both
	to.CloseWrite()
}
