package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// dial opens the connection, through a proxy if there is one.
func (m *mode) dial(address string) (*net.TCPConn, error) {
	deadline := time.Now().Add(m.patience)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error { return reno(c) }, KeepAlive: -1}
	to := address
	if m.via != "" {
		to = m.via
	}
	c, err := d.DialContext(ctx, "tcp", to)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(deadline)
	if m.via != "" {
		if err := connect(c, address); err != nil {
			return nil, err
		}
	}
	return c.(*net.TCPConn), nil
}

// connect asks a proxy for a connection. Behind the answer nothing comes by itself, so the reader has nothing left.
func connect(c net.Conn, address string) error {
	request := http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address}
	if err := request.Write(c); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), &request)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("the proxy says %s", answer.Status)
	}
	return err
}

// message is n bytes that no other message has.
func message(i, n int) []byte {
	b := fmt.Appendf(nil, "message %d ", i)
	for len(b) < n {
		b = fmt.Appendf(b, "%d-", i*len(b))
	}
	return b[:n]
}

func (m *mode) ask(address string) error {
	c, err := m.dial(address)
	if err != nil {
		return err
	}
	defer c.Close()
	if m.writes > 1 {
		if err := c.SetNoDelay(false); err != nil {
			return err
		}
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM) // what goes on beside ends in order, and not with a reset
	back := make([]byte, m.size)
	for i := range m.times {
		if len(end) > 0 {
			break
		}
		said := message(i, m.size)
		if err := m.write(c, said); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, back); err != nil {
			return err
		}
		if !bytes.Equal(said, back) {
			return fmt.Errorf("message %d came back as %q", i, back)
		}
		time.Sleep(m.pause)
	}
	fmt.Printf("%d messages of %d bytes came back\n", m.times, m.size)
	return nil
}

// write sends a message in so many writes.
func (m *mode) write(c io.Writer, b []byte) error {
	n := max(1, m.writes)
	for w := range n {
		if _, err := c.Write(b[w*len(b)/n : (w+1)*len(b)/n]); err != nil {
			return err
		}
	}
	return nil
}

// pour sends n bytes.
func pour(c io.Writer, n int64, pause time.Duration) error {
	for i := 0; n > 0; i++ {
		if i > 0 {
			time.Sleep(pause)
		}
		b := message(i, int(min(n, 16<<10)))
		if _, err := c.Write(b); err != nil {
			return err
		}
		n -= int64(len(b))
	}
	return nil
}

func (m *mode) take(address string) error {
	c, err := m.dial(address)
	if err != nil {
		return err
	}
	defer c.Close()
	start := time.Now()
	time.Sleep(m.after)
	n, err := io.Copy(struct{ io.Writer }{io.Discard}, c)
	if err != nil {
		return err
	}
	if n != m.bytes {
		return fmt.Errorf("%d of %d bytes came", n, m.bytes)
	}
	fmt.Printf("%d bytes in %v\n", n, time.Since(start).Round(time.Millisecond))
	return nil
}

func (m *mode) send(address string) error {
	c, err := m.dial(address)
	if err != nil {
		return err
	}
	defer c.Close()
	start := time.Now()
	if err := pour(c, m.bytes, m.pause); err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	var got int64
	if err := binary.Read(c, binary.BigEndian, &got); err != nil {
		return err
	}
	if got != m.bytes {
		return fmt.Errorf("%d of %d bytes came", got, m.bytes)
	}
	fmt.Printf("%d bytes in %v\n", got, time.Since(start).Round(time.Millisecond))
	return nil
}
