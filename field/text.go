package field

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"time"
)

// String prints the value in its plain form: decimal numbers, addresses,
// bytes as hex with colons, times in RFC 3339 UTC, durations in seconds.
func (v Value) String() string {
	switch v.Type {
	case Uint:
		return strconv.FormatUint(v.U, 10)
	case Int:
		return strconv.FormatInt(int64(v.U), 10)
	case Bool:
		if v.U != 0 {
			return "1"
		}
		return "0"
	case Bytes, SID, SockAddr:
		return hex.EncodeToString(v.B)
	case String:
		return v.S
	case IPv4, IPv6:
		a, _ := netip.AddrFromSlice(v.B)
		return a.String()
	case Ether:
		return colons(v.B)
	case GUID:
		return guid(v.B)
	case Time:
		return time.Unix(0, int64(v.U)).UTC().Format(time.RFC3339Nano)
	case Duration:
		return seconds(int64(v.U))
	case Float:
		return strconv.FormatFloat(math.Float64frombits(v.U), 'g', -1, 64)
	case Pointer:
		return fmt.Sprintf("0x%x", v.U)
	}
	return ""
}

// seconds is ns in seconds with nine decimals, exactly.
func seconds(ns int64) string {
	sign, u := "", uint64(ns)
	if ns < 0 {
		sign, u = "-", -u
	}
	return fmt.Sprintf("%s%d.%09d", sign, u/1e9, u%1e9)
}

func colons(b []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 3*len(b))
	for i, c := range b {
		if i > 0 {
			out = append(out, ':')
		}
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

func guid(b []byte) string {
	if len(b) < 16 {
		return hex.EncodeToString(b)
	}
	return fmt.Sprintf("{%08X-%04X-%04X-%04X-%012X}", binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[4:]),
		binary.LittleEndian.Uint16(b[6:]), b[8:10], b[10:16])
}
