package view

import (
	"fmt"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
)

// owners name what has the key of a lock.
var owners = map[proto.ID]func(of uint64) string{
	proto.SMB2Transform: func(of uint64) string { return fmt.Sprintf("SMB3 session 0x%016x", of) },
}

// Locks says of the encrypted messages of a source which were decrypted, and why the others were not, a line a reason.
func Locks(src *engine.Source) (lines []string) {
	for i := range src.Locks {
		lines = append(lines, lockText(&src.Locks[i]))
	}
	return lines
}

// LockOwner is what has the key of a lock.
func LockOwner(l *stream.Locked) string {
	if name := owners[l.ID]; name != nil {
		return name(l.Of)
	}
	return l.ID.String()
}

func lockText(l *stream.Locked) string {
	owner := LockOwner(l)
	messages := "1 message"
	if l.Count != 1 {
		messages = fmt.Sprintf("%d messages", l.Count)
	}
	if l.Why == "" {
		return fmt.Sprintf("%s: %s decrypted, the first in record %d", owner, messages, l.First)
	}
	return fmt.Sprintf("%s: %s not decrypted, the first in record %d: %s", owner, messages, l.First, l.Why)
}
