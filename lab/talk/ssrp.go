package main

import (
	"encoding/binary"
	"net"
)

// Messages of [MC-SQLR] 2.2.
const (
	clientBroadcast = 0x02 // CLNT_BCAST_EX
	clientUnicast   = 0x03 // CLNT_UCAST_EX
	clientInstance  = 0x04 // CLNT_UCAST_INST, with the name of the instance
	serverResponse  = 0x05 // SVR_RESP
)

// instance is what the browser knows of.
const instance = "ServerName;LABSQL;InstanceName;LAB;IsClustered;Yes;Version;10.0.1600.22;tcp;1433;;"

// ssrp answers from a socket of no address, so that the system chooses one: the first of the device, which need not be the one that was asked.
func (m *mode) ssrp(address string) error {
	c, err := net.ListenPacket("udp4", address)
	if err != nil {
		return err
	}
	b := make([]byte, 2048)
	for {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			return err
		}
		if answer := ssrpAnswer(b[:n]); answer != nil {
			if _, err := c.WriteTo(answer, from); err != nil {
				return err
			}
		}
	}
}

// ssrpAnswer is SVR_RESP, [MC-SQLR] 2.2.5: a byte, the length of what follows in little endian, and that; nil for what is no question.
func ssrpAnswer(question []byte) []byte {
	if len(question) == 0 {
		return nil
	}
	switch question[0] {
	case clientBroadcast, clientUnicast, clientInstance:
		return append(binary.LittleEndian.AppendUint16([]byte{serverResponse}, uint16(len(instance))), instance...)
	}
	return nil
}
