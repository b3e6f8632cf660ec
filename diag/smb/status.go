package smb

import (
	_ "embed"
	"fmt"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed status.md
var statusPage string

// Status: the file server refused what was asked for (B8).
var Status = &diag.Rule{ID: "smb.status", Title: "the file server refuses requests", Page: statusPage, Requests: true, DoubtedBy: []string{"cap.gaps", "cap.drops.reported"}, Run: statuses}

// A refusal is what a status means to a user. Statuses that are not listed are steps, ends of lists and answers to questions whether something is there.
type refusal struct {
	says string
	fix  string
	// once says that one of them is an event; else a later success with the same name makes it a step.
	once bool
}

var refusals = map[string]refusal{
	"STATUS_ACCESS_DENIED":                {"the user may not do that", "compare the rights of the share and of the file with the account of the session (Get-SmbShareAccess, icacls)", false},
	"STATUS_NETWORK_ACCESS_DENIED":        {"the user may not use that over the network", "look at the user rights of the server: access this computer from the network", false},
	"STATUS_BAD_NETWORK_NAME":             {"the server has no such share", "check the name of the share, and of the server that the name of the host leads to", false},
	"STATUS_BAD_NETWORK_PATH":             {"the path leads nowhere", "check the name of the server and the targets of the DFS folder", false},
	"STATUS_SHARING_VIOLATION":            {"somebody else has the file open", "find out who has it open (Get-SmbOpenFile, smbstatus); programs on the server count too", false},
	"STATUS_LOCK_NOT_GRANTED":             {"somebody else holds a lock", "find out who has the file open (Get-SmbOpenFile, smbstatus -L)", false},
	"STATUS_FILE_LOCK_CONFLICT":           {"a part of the file is locked", "find out who has the file open (Get-SmbOpenFile, smbstatus -L)", false},
	"STATUS_OPLOCK_BREAK_IN_PROGRESS":     {"another client has to give its cache back first", "find out who else has the file open (Get-SmbOpenFile, smbstatus)", false},
	"STATUS_DELETE_PENDING":               {"the file is being deleted, and somebody has it open", "find out who has it open (Get-SmbOpenFile, smbstatus)", false},
	"STATUS_NETWORK_NAME_DELETED":         {"the share went away while it was in use", "look for a cluster that moved, a share that was removed or a session that was closed at the server", true},
	"STATUS_USER_SESSION_DELETED":         {"the session went away", "look for a server or an address that restarted or moved, and for two clients behind one address", true},
	"STATUS_NETWORK_SESSION_EXPIRED":      {"the ticket of the session ran out", "nothing, when the client sets the session up anew at once; else look at the life of Kerberos tickets", true},
	"STATUS_INSUFF_SERVER_RESOURCES":      {"the server is out of resources", "look at memory, open files and sessions of the server", true},
	"STATUS_INSUFFICIENT_RESOURCES":       {"the server is out of resources", "look at memory, open files and sessions of the server", true},
	"STATUS_TOO_MANY_OPENED_FILES":        {"too many files are open", "look at the open files of the server and its limit", true},
	"STATUS_TOO_MANY_SESSIONS":            {"too many sessions are open", "look at the sessions of the server and its limit", true},
	"STATUS_REQUEST_NOT_ACCEPTED":         {"no more connections are accepted", "look at the limit of connections of the server or the share", true},
	"STATUS_DISK_FULL":                    {"the disk is full", "make room on the volume of the share, or raise the quota", true},
	"STATUS_QUOTA_EXCEEDED":               {"the quota is used up", "raise the quota, or make room", true},
	"STATUS_MEDIA_WRITE_PROTECTED":        {"the volume is read-only", "look why the volume of the share is read-only: a snapshot, a fault", true},
	"STATUS_IO_TIMEOUT":                   {"the server's storage did not answer", "look at the storage of the server", true},
	"STATUS_IO_DEVICE_ERROR":              {"the server's storage has a fault", "look at the storage of the server", true},
	"STATUS_DATA_ERROR":                   {"the server's storage has a fault", "look at the storage of the server", true},
	"STATUS_DISK_CORRUPT_ERROR":           {"the file system of the server is damaged", "check the file system of the server", true},
	"STATUS_FILE_CORRUPT_ERROR":           {"the file system of the server is damaged", "check the file system of the server", true},
	"STATUS_UNEXPECTED_NETWORK_ERROR":     {"the server could not reach what it needs", "look at the log of the server: storage or another server that it asks", true},
	"STATUS_VOLUME_DISMOUNTED":            {"the volume went away", "look for a cluster that moved, or storage that was lost", true},
	"STATUS_FILE_NOT_AVAILABLE":           {"the file is not available for now", "look at the storage or the cluster of the server", true},
	"STATUS_VIRUS_INFECTED":               {"a scanner at the server found a virus in the file", "look at the log of the scanner", true},
	"STATUS_PASSWORD_EXPIRED":             {"the password has expired", "let the user change the password", false},
	"STATUS_NO_LOGON_SERVERS":             {"no domain controller could be reached", "look at the server's way to its domain controllers", true},
	"STATUS_TRUSTED_RELATIONSHIP_FAILURE": {"the trust between computer and domain is broken", "join the computer to the domain again", true},
}

type statusKey struct {
	source int
	server netip.Addr
	client netip.Addr
	status string
}

// A refused is what one client was refused with one status.
type refused struct {
	key   statusKey
	talk  *diag.Talk
	list  []*request.Request
	convs []*flow.Conversation
}

// statuses makes one finding of each client, server and status.
func statuses(in *diag.Input) (out []diag.Finding) {
	index := map[statusKey]*refused{}
	var groups []*refused
	for _, t := range talks(in) {
		done := succeeded(t)
		for _, r := range t.Requests {
			what, ok := refusals[r.Status]
			if !ok || !r.Failed || r.Command == setupCommand || !what.once && (probes(r) || done[nameKey{r.Command, r.Name}]) {
				continue
			}
			k := statusKey{t.Source, t.Server.Addr(), t.Client, r.Status}
			g := index[k]
			if g == nil {
				g = &refused{key: k, talk: t}
				index[k] = g
				groups = append(groups, g)
			}
			g.list = append(g.list, r)
			if c := in.Conversations.At(r.Conv); !slices.Contains(g.convs, c) {
				g.convs = append(g.convs, c)
			}
		}
	}
	for _, g := range groups {
		out = append(out, g.finding())
	}
	return out
}

// probes reports whether a request only asks what there is: programs do without the answer.
func probes(r *request.Request) bool { return r.Command == "GetInfo" || r.Command == controlCommand }

type nameKey struct{ command, name string }

// succeeded are the names with which a command succeeded at some time: a program that asks for all rights first, and for fewer then, got what it needs.
func succeeded(t *diag.Talk) map[nameKey]bool {
	out := map[nameKey]bool{}
	for _, r := range t.Requests {
		if r.Name != "" && r.Answered() && !r.Failed {
			out[nameKey{r.Command, r.Name}] = true
		}
	}
	return out
}

func (g *refused) finding() diag.Finding {
	what := refusals[g.key.status]
	var files []string
	commands := map[string]int{}
	for _, r := range g.list {
		commands[r.Command]++
		if r.Name != "" && !slices.Contains(files, r.Name) && len(files) < 100 {
			files = append(files, r.Name)
		}
	}
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Proven, Count: len(g.list), Source: g.key.source, Host: g.key.server.String(), Conversations: g.convs,
		Where: shown(g.key.source, g.list), Filter: diag.AllOf(diag.Streams(g.convs, diag.EndpointFilter(g.talk.Server, g.convs[0])), "smb2"), Fix: []string{what.fix},
	}
	if what.once {
		f.Severity = diag.Error
	}
	f.Summary = fmt.Sprintf("%v answered %s of %v with %s: %s", g.key.server, diag.Count(len(g.list), "request"), g.key.client, g.key.status, what.says)
	if len(files) > 0 {
		f.Summary += ": " + diag.List(files, named)
	}
	for _, c := range sortedKeys(commands) {
		f.Facts = append(f.Facts, diag.Fact{Name: c, Value: fmt.Sprint(commands[c])})
	}
	if !what.once {
		f.RuledOut = []string{"a program that tries for more than it needs: the same was not done with success in this capture"}
	}
	return f
}

func sortedKeys(m map[string]int) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
