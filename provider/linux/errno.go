package linux

import "strconv"

// Errors that calls of sockets end with (errno(3), the numbers of asm-generic/errno.h).
const (
	EACCES        = 13
	EADDRINUSE    = 98
	EADDRNOTAVAIL = 99
	ECONNABORTED  = 103
	ECONNRESET    = 104
	ETIMEDOUT     = 110
	ECONNREFUSED  = 111
)

// An errno is an error with the status of Windows that is nearest to it ([MS-ERREF] 2.3.1), so that a rule asks once for both systems. An error that
// only says that the call would wait, or was interrupted, has none: it did not fail.
type errno struct {
	name   string
	status uint32
}

// unsuccessful is the status for errors without a counterpart.
const unsuccessful = 0xC0000001

var errnos = map[uint32]errno{
	1: {"EPERM", 0xC0000022}, 4: {"EINTR", 0}, 9: {"EBADF", 0xC0000008}, 11: {"EAGAIN", 0}, 12: {"ENOMEM", 0xC0000017}, EACCES: {"EACCES", 0xC0000022}, 14: {"EFAULT", 0xC0000005},
	22: {"EINVAL", 0xC000000D}, 23: {"ENFILE", 0xC000011F}, 24: {"EMFILE", 0xC000011F}, 32: {"EPIPE", 0xC000020E}, 88: {"ENOTSOCK", 0xC0000024},
	90: {"EMSGSIZE", 0x80000005}, 95: {"EOPNOTSUPP", 0xC00000BB}, 97: {"EAFNOSUPPORT", 0xC00000BB}, EADDRINUSE: {"EADDRINUSE", 0xC000020A}, EADDRNOTAVAIL: {"EADDRNOTAVAIL", 0xC0000209},
	100: {"ENETDOWN", 0xC000023C}, 101: {"ENETUNREACH", 0xC000023C}, ECONNABORTED: {"ECONNABORTED", 0xC0000241}, ECONNRESET: {"ECONNRESET", 0xC000020D}, 105: {"ENOBUFS", 0xC000009A},
	106: {"EISCONN", 0xC00000C6}, 107: {"ENOTCONN", 0xC000020C}, ETIMEDOUT: {"ETIMEDOUT", 0xC00000B5}, ECONNREFUSED: {"ECONNREFUSED", 0xC0000236}, 112: {"EHOSTDOWN", 0xC000023D},
	113: {"EHOSTUNREACH", 0xC000023D}, 114: {"EALREADY", 0}, 115: {"EINPROGRESS", 0}, 512: {"ERESTARTSYS", 0}, 514: {"ERESTARTNOHAND", 0}, 516: {"ERESTART_RESTARTBLOCK", 0},
}

// Status is the status of Windows that is nearest to an error, 0 for none.
func Status(n uint32) uint32 {
	if n == 0 {
		return 0
	}
	if e, ok := errnos[n]; ok {
		return e.status
	}
	return unsuccessful
}

// ErrnoName is the name of an error: "ECONNREFUSED", or its number.
func ErrnoName(n uint32) string {
	if e, ok := errnos[n]; ok {
		return e.name
	}
	return "errno " + strconv.FormatUint(uint64(n), 10)
}
