package tds

// A meaning is what an error that refuses a login says, and what to do.
type meaning struct{ says, fix string }

// meanings are the errors that SQL Server refuses logins with (Microsoft, Database Engine events and errors; for the numbers from 40000 on Azure SQL Database).
var meanings = map[uint32]meaning{
	916:   {"the login has no user in the database", "give the login a user in that database, or ask for another one"},
	4060:  {"the database cannot be opened", "check the name of the database, its state, and whether the login has a user in it"},
	4064:  {"the default database of the login cannot be opened", "give the login another default database, or bring that one online"},
	10928: {"a limit of resources of the database is reached", "look at the sessions and workers of the database"},
	10929: {"the server is too busy", "look at the sessions and workers of the database, and try again later"},
	17806: {"SSPI failed", "look at the service principal names of the service account, and at the server's way to its domain controllers"},
	17835: {"the server wants encryption, and the client has none", "use a driver that can encrypt, or do not force encryption at the server"},
	17836: {"the length of a packet is wrong", "look for what changes packets on the way, and for a client that speaks another protocol"},
	17892: {"a logon trigger refuses the login", "look at the logon triggers of the server"},
	18401: {"the server is being started or upgraded", "wait until it is up, and look at its error log"},
	18450: {"the login is not one of a trusted connection", "use an account that the server trusts"},
	18451: {"only administrators may log in for now", "wait until the server is up"},
	18452: {"the login comes from a domain that is not trusted", "look at the trust between the domains and at the clock of the client; a service principal name that is missing makes it NTLM"},
	18456: {"the login failed", "look at the state in the error log of the server: the client is not told the reason"},
	18458: {"the licences are used up", "look at the number of licensed connections"},
	18459: {"licences cannot be counted", "look at the licensing of the server"},
	18461: {"the server is in single user mode, and somebody is in", "find out who uses the one connection"},
	18470: {"the login is disabled", "enable it, or use another one"},
	18486: {"the login is locked", "unlock it, and find out who tries wrong passwords"},
	18487: {"the password has expired", "change the password"},
	18488: {"the password must be changed", "change the password"},
	40197: {"the service had an error", "try again: the database may have moved"},
	40501: {"the service is busy", "try again after ten seconds"},
	40532: {"the server that the login names cannot be opened", "check the name of the server in the login (user@server)"},
	40613: {"the database is not available for now", "try again: the database may have moved"},
	40615: {"the firewall of the server does not allow the client's address", "add the address to the firewall rules of the server"},
}

// states are the reasons of error 18456 (Microsoft, MSSQLSERVER_18456). The server writes them to its error log; to the client it says 1 in place of most.
var states = map[uint64]string{
	2: "no such user", 5: "no such user", 6: "a Windows login with the authentication of SQL Server", 7: "the login is disabled, and the password wrong", 8: "the password is wrong",
	9: "the password is not a valid one", 11: "the login is right, and may not use the server", 12: "the login is right, and may not use the server", 18: "the password must be changed",
	38: "no such database, or it cannot be opened", 46: "no such database, or it cannot be opened", 58: "the server takes Windows logins only", 126: "no such database",
}
