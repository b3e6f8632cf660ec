package session

// A callKind is what a call of Linux does with its socket.
type callKind uint8

const (
	others callKind = iota
	makes
	binds
	listens
	connects
	accepts
	sends
	receives
	shuts
	closes
)

// linuxCalls are the calls that recordings have, by the names of Linux.
var linuxCalls = map[string]callKind{
	"socket": makes, "bind": binds, "listen": listens, "connect": connects, "accept": accepts, "accept4": accepts,
	"send": sends, "sendto": sends, "sendmsg": sends, "sendmmsg": sends, "write": sends, "writev": sends, "sendfile": sends, "splice": others,
	"recv": receives, "recvfrom": receives, "recvmsg": receives, "recvmmsg": receives, "read": receives, "readv": receives,
	"shutdown": shuts, "close": closes, "getsockopt": others, "setsockopt": others,
}

// A Role is what a call does, whatever the system calls it.
type Role uint8

const (
	RoleOther Role = iota
	RoleSocket
	RoleBind
	RoleListen
	RoleConnect
	RoleAccept
	RoleSend
	RoleReceive
	RoleShutdown
	RoleClose
	RoleDataIndication    // from below: data came
	RoleConnectIndication // from below: a connection waits to be accepted
)

func (k callKind) role() Role {
	return [...]Role{RoleOther, RoleSocket, RoleBind, RoleListen, RoleConnect, RoleAccept, RoleSend, RoleReceive, RoleShutdown, RoleClose}[k]
}

// afdRoles are the calls of Winsock that have a role.
var afdRoles = map[string]Role{
	callSocket: RoleSocket, callBind: RoleBind, callListen: RoleListen, callConnect: RoleConnect, callConnEx: RoleConnect, callAccept: RoleAccept, callAcceptEx: RoleAccept,
	callSend: RoleSend, callSendTo: RoleSend, callSendMsg: RoleSend, callRecv: RoleReceive, callRecvFrom: RoleReceive, callRecvMsg: RoleReceive,
	callClose: RoleClose, callDataInd: RoleDataIndication, callConnInd: RoleConnectIndication,
}

// A System is what a host runs.
type System uint8

const (
	Windows System = iota
	Linux
)
