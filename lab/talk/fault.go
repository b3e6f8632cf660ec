package main

import (
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// mouthful is what doze reads at a time.
const mouthful = 1024

func (m *mode) doze(address string) error {
	return serve(address, func(c *net.TCPConn) error {
		b := make([]byte, mouthful)
		for {
			time.Sleep(m.pause)
			if _, err := c.Read(b); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	})
}

func (m *mode) reset(address string) error {
	return serve(address, func(c *net.TCPConn) error {
		time.Sleep(m.after)
		return c.SetLinger(0)
	})
}

// full listens without the runtime of Go, which asks for the longest queue that there is.
func (m *mode) full(address string) error {
	a, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	to := &unix.SockaddrInet4{Port: a.Port}
	if ip := a.IP.To4(); ip != nil {
		to.Addr = [4]byte(ip)
	}
	if err := unix.Bind(fd, to); err != nil {
		return fmt.Errorf("bind %s: %w", address, err)
	}
	if err := unix.Listen(fd, m.queue); err != nil {
		return err
	}
	select {}
}
