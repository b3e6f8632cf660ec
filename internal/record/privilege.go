//go:build linux

package record

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// drop gives up all capabilities of all threads, for good: what was opened stays open.
func drop() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	// capset is for the thread that calls it, so all threads must.
	if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none[0])), 0); errno == unix.ENOTSUP {
		return errors.New("a program that is built with cgo cannot do that for all its threads")
	} else if errno != 0 {
		return fmt.Errorf("capset: %w", errno)
	}
	if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); errno != 0 {
		return fmt.Errorf("no_new_privs: %w", errno)
	}
	return nil
}

// capable reports whether this process has a capability.
func capable(bit uint) bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var have [2]unix.CapUserData
	return unix.Capget(&header, &have[0]) == nil && have[bit/32].Effective&(1<<(bit%32)) != 0
}

// missing reports whether an error is one of privileges.
func missing(err error) bool {
	return errors.Is(err, os.ErrPermission) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES)
}

// explain names the capabilities that are missing, when an error is one of privileges.
func explain(err error) error {
	if !missing(err) {
		return err
	}
	var lack []string
	for _, c := range []struct {
		bit  uint
		name string
	}{{unix.CAP_NET_RAW, "CAP_NET_RAW (packets)"}, {unix.CAP_BPF, "CAP_BPF (eBPF)"}, {unix.CAP_PERFMON, "CAP_PERFMON (tracepoints)"}} {
		if !capable(c.bit) {
			lack = append(lack, c.name)
		}
	}
	if len(lack) == 0 || capable(unix.CAP_SYS_ADMIN) {
		return fmt.Errorf("%w: the system forbids it to root too", err)
	}
	return &PrivilegeError{Lack: lack, Err: err}
}

// A PrivilegeError names the capabilities that are missing.
type PrivilegeError struct {
	Lack []string
	Err  error
}

func (e *PrivilegeError) Error() string {
	s := e.Err.Error() + ", missing"
	for i, l := range e.Lack {
		if i > 0 {
			s += ","
		}
		s += " " + l
	}
	return s
}

func (e *PrivilegeError) Unwrap() error { return e.Err }
