package stream_test

import (
	"testing"

	"github.com/wiretale/wiretale/internal/fixture/tlstalk"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/internal/tlsrecord"
)

// FuzzCarried feeds connections in TLS that is opened, inside another protocol or not: the input says what both sides write, how it is wrapped, and what is lost.
// Its first byte is how the connection begins; then each message has two bytes, bits (see below) and its length.
func FuzzCarried(f *testing.F) {
	f.Add([]byte("\x00\x00\x10GET / HTTP/1.1\r\n\r\n\x01\x12HTTP/1.0 200 OK\r\n\r\n"))
	f.Add([]byte("\x01\x00\x08" + tdsLogin()[:8] + "\x00\x10" + tdsLogin()[8:24] + "\x09\x04abcd\x01\x08\x04\x01\x00\x15\x00\x00\x01\x00\x05\x0d" + "\x04\x01\x00\x15\x00\x00\x01\x00" + tdsDone[:5]))
	f.Add([]byte("\x02\x00\x0e" + ldapBind + "\x11\x0e" + ldapBound + "\x06\x02\x01\x00\x08\x04lost\x00\x03GET"))
	f.Add([]byte("\x01\x02\x04abcd\x03\x04abcd\x04\x04abcd\x0d\x04abcd\x00\x04abcd"))
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) == 0 || len(script) > 4096 {
			return
		}
		m := newMade12(tlsrecord.TLS12, script[0]&4 != 0)
		m.shakes(script[0] >> 2 & 1)
		r := newTLSRig(t, m.log)
		switch talk := m.messages; script[0] & 3 {
		case 1:
			r.server = 1433
			m.messages = append(said("C:"+tdsPreLogin, "S:"+"\x04"+tdsPreLogin[1:]), inTDS(talk, 100)...)
		case 2:
			r.server = 389
			m.messages = append(said("C:"+ldapStarts, "S:"+ldapStarted), talk...)
		case 3:
			r.server = 3128
			m.messages = append(said("C:CONNECT x:443 HTTP/1.1\r\n\r\n", "S:HTTP/1.1 200 OK\r\n\r\n"), talk...)
		}
		lost := map[int]bool{}
		for script = script[1:]; len(script) >= 2; {
			bits, n := script[0], min(int(script[1]), len(script)-2)
			text := script[2 : 2+n]
			script = script[2+n:]
			before := len(m.messages)
			switch dir := int(bits & 1); bits >> 1 & 3 {
			case 0: // content of a record
				m.seal(dir, 23, string(text))
			case 1: // the same, inside a packet of TDS
				m.seal(dir, 22, string(text))
				last := &m.messages[before]
				last.Bytes = []byte(tdsPackets(18, string(last.Bytes), 50))
			case 2: // what is not encrypted
				m.say(dir, text)
			case 3: // an alert
				m.seal(dir, 21, string(text))
			}
			lost[before] = bits&8 != 0
			if bits&16 != 0 && n > 0 { // in two segments
				b := m.messages[before]
				cut := int(text[0]) % (len(b.Bytes) + 1)
				m.messages = append(m.messages[:before], tlstalk.Message{Dir: b.Dir, Bytes: b.Bytes[:cut]}, tlstalk.Message{Dir: b.Dir, Bytes: b.Bytes[cut:]})
			}
		}
		var gone [2]map[int]bool // segments, by their number in a direction
		count := [2]int{}
		gone[0], gone[1] = map[int]bool{}, map[int]bool{}
		for i, one := range m.messages {
			segments := (len(one.Bytes) + 99) / 100
			for k := range segments {
				gone[one.Dir][count[one.Dir]+k] = lost[i]
			}
			count[one.Dir] += segments
		}
		r.talk(m.talk(), 100, func(dir, i int) bool { return gone[dir][i] })
		if r.streams.Held() > 8<<20 {
			t.Fatal("too much is held")
		}
		r.streams.End()
		for list, _ := stream.Accounts(r.streams); len(list) > 0; list = list[1:] {
			if a := list[0]; a.Opened == 0 && a.Why == "" {
				t.Errorf("%+v", a)
			}
		}
	})
}
