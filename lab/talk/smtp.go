package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
)

// smtp takes mail for anyone and forgets it. STARTTLS is that of RFC 3207.
func (m *mode) smtp(address string) error {
	cert, err := tls.LoadX509KeyPair(m.cert, m.key)
	if err != nil {
		return err
	}
	return serve(address, func(c *net.TCPConn) error {
		if _, err := io.WriteString(c, "220 lab ESMTP\r\n"); err != nil {
			return err
		}
		over, err := mail(c, true)
		if err != nil || !over {
			return err
		}
		secure := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
		defer secure.Close()
		_, err = mail(secure, false)
		return err
	})
}

// mail answers commands until the end, or until the connection goes over to TLS.
func mail(c io.ReadWriter, offer bool) (over bool, err error) {
	lines := bufio.NewScanner(c)
	data := false
	for lines.Scan() {
		line := lines.Text()
		if data && line != "." {
			continue
		}
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		answer := "250 ok"
		switch {
		case data:
			data = false
		case verb == "EHLO" && offer:
			answer = "250-lab\r\n250 STARTTLS"
		case verb == "STARTTLS" && offer:
			answer = "220 go ahead"
		case verb == "DATA":
			data, answer = true, "354 go on"
		case verb == "QUIT":
			answer = "221 bye"
		}
		if _, err := fmt.Fprintf(c, "%s\r\n", answer); err != nil {
			return false, err
		}
		switch {
		case verb == "STARTTLS" && offer:
			return true, nil
		case verb == "QUIT":
			return false, nil
		}
	}
	return false, lines.Err()
}
