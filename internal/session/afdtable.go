package session

import "github.com/wiretale/wiretale/trace"

var (
	guidAFD           = trace.MustGUID("{E53C6823-7BB8-44BB-90DC-3F86090D48A6}")
	guidTCPIP         = trace.MustGUID("{2F07E2EE-15DB-40F1-90EF-9D7BA282188A}")
	guidKernelProcess = trace.MustGUID("{22FB2CD6-0E7B-422B-A0C7-2FAD1FD0E716}")
	guidKernelNetwork = trace.MustGUID("{7DD42A49-5329-4832-8DFD-43D979153A88}")
)

// phase is which part of a call an AFD event is.
type phase uint8

const (
	byField  phase = iota // the field EnterExit says it: 0 enter, 1 exit, anything else an indication
	enter                 // the documented generation (ids 1 to 41) has one event a phase
	exit                  //
	whole                 // entered and left in one event
	indicate              // from below, without a pair
)

// An afdEvent is how one AFD event takes part in calls. The second generation
// is Windows 7 and later; names are those of its message texts.
type afdEvent struct {
	call  string
	phase phase
}

const (
	callSocket   = "socket"
	callBind     = "bind"
	callListen   = "Listen"
	callWait     = "Wait for listen"
	callAccept   = "accept"
	callAcceptEx = "AcceptEx"
	callConnect  = "connect"
	callConnEx   = "ConnectEx"
	callSend     = "send"
	callRecv     = "recv"
	callSendTo   = "sendto"
	callRecvFrom = "recvfrom"
	callSendMsg  = "WSASendMsg"
	callRecvMsg  = "WSARecvMsg"
	callCleanup  = "socket cleanup"
	callClose    = "closesocket"
	callAbort    = "abort"
	callDataInd  = "Data indication"
	callConnInd  = "Connect indication"
	callFinInd   = "disconnect indicated"
)

var afdEvents = map[uint16]afdEvent{
	1: {callSocket, whole}, 2: {callBind, whole}, 3: {callBind, whole}, 4: {callConnect, enter}, 5: {callConnect, enter},
	6: {callConnect, exit}, 7: {callAbort, indicate}, 8: {callAbort, indicate}, 9: {callSend, exit}, 10: {callSendMsg, exit},
	11: {callRecv, exit}, 12: {callRecvFrom, exit}, 13: {callClose, whole}, 14: {callCleanup, whole}, 15: {callAccept, whole},
	16: {callAccept, whole}, 17: {callAccept, whole}, 18: {callSend, enter}, 19: {callRecv, enter}, 20: {callRecvFrom, enter},
	21: {callSendTo, enter}, 22: {callSendTo, enter}, 23: {callRecv, exit}, 24: {callSend, exit}, 25: {callSendMsg, exit},
	26: {callRecvFrom, exit}, 27: {callRecvFrom, exit}, 28: {callSendTo, exit}, 29: {"option", whole},
	33: {"datagram drop", indicate}, 34: {"datagram drop", indicate}, 35: {callConnInd, indicate}, 36: {callConnInd, indicate},
	37: {callDataInd, indicate}, 38: {callDataInd, indicate}, 39: {callDataInd, indicate}, 40: {callBind, whole}, 41: {callFinInd, indicate},

	1000: {callSocket, byField}, 1001: {callClose, byField}, 1002: {callCleanup, byField}, 1003: {callSend, byField}, 1004: {callRecv, byField},
	1005: {callSendTo, byField}, 1006: {callRecvFrom, byField}, 1007: {callSendTo, byField}, 1009: {callRecvFrom, byField},
	1011: {callSendMsg, byField}, 1012: {callRecvMsg, byField}, 1013: {callSendMsg, byField}, 1015: {callRecvMsg, byField},
	1017: {callConnect, byField}, 1018: {callConnect, byField}, 1020: {callConnEx, byField}, 1021: {callConnEx, byField},
	1023: {callAccept, byField}, 1024: {callAccept, byField}, 1026: {callAcceptEx, byField}, 1027: {callAcceptEx, byField},
	1029: {callBind, byField}, 1030: {callBind, byField}, 1032: {callAbort, indicate}, 1033: {"datagram drop", indicate},
	1035: {"option", byField}, 1036: {callWait, byField}, 1037: {callListen, byField}, 3000: {callConnInd, indicate},
	3001: {callConnInd, indicate}, 3003: {callDataInd, indicate}, 3004: {callDataInd, indicate}, 3006: {callFinInd, indicate},
	3007: {"send backlog", indicate},
}

// family groups calls of which one can complete another: a pended recvfrom is
// completed by the event of WSARecvMsg (measured on Windows 10 1803).
var family = map[string]string{callRecv: callRecv, callRecvFrom: callRecv, callRecvMsg: callRecv}

// hasBuffer tells the calls that move bytes.
var hasBuffer = map[string]bool{
	callSend: true, callRecv: true, callSendTo: true, callRecvFrom: true, callSendMsg: true, callRecvMsg: true, callDataInd: true,
}

// tcpStates are the values of the map TCP_CONNECTION_STATE, equal in all builds from Windows 7 on.
var tcpStates = [...]string{
	"ClosedState", "ListenState", "SynSentState", "SynRcvdState", "EstablishedState", "FinWait1State", "FinWait2State",
	"CloseWaitState", "ClosingState", "LastAckState", "TimeWaitState",
}

func stateName(n uint64) string {
	if n < uint64(len(tcpStates)) {
		return tcpStates[n]
	}
	return ""
}
