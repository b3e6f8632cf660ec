package diag

import (
	"time"

	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

// Special reports whether a request is the finding of a rule that knows its protocol, not of those that hold whatever the protocol is.
func (in *Input) Special(r *request.Request) bool {
	return SlowSearch(r) || Cancelled(r) || r.Protocol == proto.HTTP && r.Failed && in.IsBehind(r)
}

// LeastSearch is how long a search in a directory takes that somebody waits for.
const LeastSearch = time.Second

// SlowSearch reports whether a request is a search in a directory that took long (ldap.slow_search).
func SlowSearch(r *request.Request) bool {
	ns, ok := r.Whole()
	return ok && r.Protocol == proto.LDAP && r.Command == "searchRequest" && time.Duration(ns) >= LeastSearch
}

// Cancelled reports whether a client took a request back at SQL Server, and the server says so ([MS-TDS] 2.2.7.6, DONE_ATTN).
func Cancelled(r *request.Request) bool {
	return r.Protocol == proto.TDS && r.Status == "cancelled" && r.Answered()
}
