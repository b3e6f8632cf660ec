package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"time"
)

// header is what messages of DNS begin with (RFC 1035, 4.1.1).
const header = 12

// dns answers questions for addresses of IPv4, and says of others that there are none. Answers wait for none that came before.
func (m *mode) dns(address string) error {
	c, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	b := make([]byte, 512)
	for i := 1; ; i++ {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			return err
		}
		back := m.answer(b[:n])
		if back == nil || m.drop > 0 && i%m.drop == 0 {
			continue
		}
		time.AfterFunc(m.think, func() { c.WriteTo(back, from) })
	}
}

// answer is that to a question, nil when it is none.
func (m *mode) answer(question []byte) []byte {
	end := header
	for end < len(question) && question[end] != 0 {
		end += 1 + int(question[end])
	}
	end += 5 // the end of the name, type, class
	if end > len(question) || question[2]&0x80 != 0 || binary.BigEndian.Uint16(question[4:]) != 1 {
		return nil
	}
	back := append([]byte(nil), question[:end]...)
	back[2], back[3] = back[2]|0x80, 0x80|byte(m.rcode&15)
	clear(back[6:header])
	if m.rcode == 0 && binary.BigEndian.Uint16(back[end-4:]) == 1 {
		back[7] = 1                                                                          // an answer:
		back = append(back, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, back[1]) // of the same name, A, IN, a minute
	}
	return back
}

func (m *mode) look(address string) error {
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", address)
	}}
	failed := 0
	for i := range m.times {
		if _, err := r.LookupIP(context.Background(), "ip4", fmt.Sprintf("host%d.server.lab.", i)); err != nil {
			failed++
		}
		time.Sleep(m.pause)
	}
	fmt.Printf("%d names, %d not resolved\n", m.times, failed)
	return nil
}
