package linux

import "github.com/wiretale/wiretale/provider"

// A word is a field that events may have: its name in an entry, and here.
type word struct {
	key, name string
	kind      kind
}

// The fields, in no order that matters.
const (
	fMessage uint8 = iota
	fCommand
	fPID
	fTID
	fParent
	fCommandLine
	fPath
	fPhase
	fSocket
	fCookie
	fFD
	fFamily
	fType
	fProtocol
	fBacklog
	fAddress
	fLocal
	fRemote
	fAccepted
	fLength
	fResult
	fErrno
	fDuration
	fHow
	fOldState
	fNewState
	fReason
	fReasonCode
	fLocation
	fSource
	fDestination
	fFlags
	fNamespace
	fCWnd
	fSRTT
	fSSThresh
	fOffset
	fMonotonic
	fClockError
	fLost
	fieldCount
)

// words are the fields of entries: docs/formats/record.md.
var words = [fieldCount]word{
	fMessage: {messageKey, "Message", text},
	fCommand: {"_COMM", "Command", text}, fPID: {"_PID", "PID", number}, fTID: {"TID", "TID", number},
	fParent: {"WIRETALE_PPID", "ParentPID", number}, fCommandLine: {"_CMDLINE", "CommandLine", text}, fPath: {"_EXE", "Path", text},
	fPhase: {"WIRETALE_PHASE", "Phase", text}, fSocket: {"WIRETALE_SOCKET", "Socket", hex}, fCookie: {"WIRETALE_COOKIE", "Cookie", number},
	fFD: {"WIRETALE_FD", "FD", signed}, fFamily: {"WIRETALE_FAMILY", "Family", number}, fType: {"WIRETALE_TYPE", "Type", number}, fProtocol: {"WIRETALE_PROTOCOL", "Protocol", number},
	fBacklog: {"WIRETALE_BACKLOG", "Backlog", signed}, fAddress: {"WIRETALE_ADDRESS", "Address", endpoint},
	fLocal: {"WIRETALE_LOCAL", "LocalAddress", endpoint}, fRemote: {"WIRETALE_REMOTE", "RemoteAddress", endpoint},
	fAccepted: {"WIRETALE_ACCEPTED", "Accepted", hex}, fLength: {"WIRETALE_LENGTH", "Length", number}, fResult: {"WIRETALE_RESULT", "Result", signed},
	fErrno: {"WIRETALE_ERRNO", "Errno", number}, fDuration: {"WIRETALE_DURATION_NS", "Duration", duration}, fHow: {"WIRETALE_HOW", "How", number},
	fOldState: {"WIRETALE_OLDSTATE", "OldState", text}, fNewState: {"WIRETALE_NEWSTATE", "NewState", text},
	fReason: {"WIRETALE_REASON", "Reason", text}, fReasonCode: {"WIRETALE_REASON_CODE", "ReasonCode", number}, fLocation: {"WIRETALE_LOCATION", "Location", text},
	fSource: {"WIRETALE_SOURCE", "SourceAddress", endpoint}, fDestination: {"WIRETALE_DESTINATION", "DestinationAddress", endpoint}, fFlags: {"WIRETALE_TCP_FLAGS", "Flags", number},
	fNamespace: {"WIRETALE_NETNS", "NetworkNamespace", number}, fCWnd: {"WIRETALE_CWND", "CWnd", number}, fSRTT: {"WIRETALE_SRTT_NS", "SRTT", duration}, fSSThresh: {"WIRETALE_SSTHRESH", "SSThresh", number},
	fOffset: {"WIRETALE_OFFSET_NS", "Offset", signed}, fMonotonic: {"WIRETALE_MONOTONIC_NS", "Monotonic", number}, fClockError: {"WIRETALE_CLOCK_ERROR_NS", "ClockError", duration},
	fLost: {"WIRETALE_LOST", "Lost", number},
}

const messageKey = "MESSAGE"

// byKey finds a field by its name in an entry.
var byKey = func() map[string]uint8 {
	m := map[string]uint8{}
	for id, w := range words {
		m[w.key] = uint8(id)
	}
	return m
}()

// vocabulary is what the fields are called here.
var vocabulary = func() []provider.Field {
	out := make([]provider.Field, fieldCount)
	for id, w := range words {
		f := provider.Field{Name: w.name, In: provider.InAnsiString, LengthOf: -1, CountOf: -1}
		switch w.kind {
		case number:
			f.In = provider.InUInt64
		case signed, duration:
			f.In = provider.InInt64
		case hex:
			f.In = provider.InHexInt64
		case endpoint:
			f.In, f.Out = provider.InBinary, provider.OutSocketAddress
		}
		out[id] = f
	}
	return out
}()

// Key is what entries call a field, "" for one that there is not.
func Key(name string) string {
	for _, w := range words {
		if w.name == name {
			return w.key
		}
	}
	return ""
}
