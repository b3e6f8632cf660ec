package session

import (
	"time"

	"github.com/wiretale/wiretale/internal/flow"
)

// A ProcessRecord is what an event says of a process.
type ProcessRecord struct {
	PID, Parent uint32
	Key         uint64 // address of the process object, 0 when the event has none
	Name        string // image file name without path
	CommandLine string
	Path, User  string
	Start, End  int64  // nanoseconds since 1970, when the event is a start or an end; else 0
	From        string // where it was learned: "kernel process rundown"
}

// processes knows the processes of a source by id and by object. Both are reused.
type processes struct {
	source int
	list   []*Process
	byPID  map[uint32][]*Process // in order of start
	byKey  map[uint64]*Process
	named  map[*Process][]flow.Moment // events that tied the object's address to the id
}

func newProcesses(source int) processes {
	return processes{source: source, byPID: map[uint32][]*Process{}, byKey: map[uint64]*Process{}, named: map[*Process][]flow.Moment{}}
}

// LearnProcess adds what an event says of a process. Records of a pre-pass
// over the whole source may come in before any other event: names come late in a trace.
func (t *Tracker) LearnProcess(r ProcessRecord) { t.procs.learn(r) }

func (ps *processes) learn(r ProcessRecord) {
	p := ps.find(r)
	if p == nil {
		p = ps.add(&Process{Source: ps.source, PID: r.PID})
	}
	if p.Key == 0 && r.Key != 0 {
		p.Key = r.Key
		ps.byKey[r.Key] = p
	}
	if p.Parent == 0 {
		p.Parent = r.Parent
	}
	if p.Name == "" && r.Name != "" {
		p.Name, p.From = r.Name, r.From
	}
	if p.CommandLine == "" {
		p.CommandLine = r.CommandLine
	}
	if p.Path == "" {
		p.Path = r.Path
	}
	if p.User == "" {
		p.User = r.User
	}
	if r.Start != 0 && (p.Start == 0 || r.Start < p.Start) {
		p.Start = r.Start
	}
	p.End = max(p.End, r.End)
}

// find is the process that the record is about, nil when it is a new one: a
// start of an id that is in use already is another life of it. Records come in
// the order of the file's buffers: the end of a life may come before its start.
func (ps *processes) find(r ProcessRecord) *Process {
	if p := ps.byKey[r.Key]; r.Key != 0 && p != nil && (p.PID == r.PID || p.PID == 0) && !(r.Start != 0 && p.End != 0 && r.Start > p.End) {
		if p.PID == 0 && r.PID != 0 {
			p.PID = r.PID
			ps.byPID[r.PID] = append(ps.byPID[r.PID], p)
		}
		return p
	}
	lives := ps.recent(r.PID)
	for i := len(lives) - 1; i >= 0; i-- {
		p := lives[i]
		switch {
		case r.Key != 0 && p.Key != 0:
		case r.Start != 0 && !near(p.Start, r.Start) && !(p.Start == 0 && (p.End >= r.Start || p.End == 0 && p.Name == "")):
		case r.End != 0 && (p.End != 0 && !near(p.End, r.End) || r.End < p.Start):
		default:
			return p
		}
	}
	return nil
}

// near reports whether two times (0 is none) are of one event that two providers log: they do so microseconds apart,
// and no process starts and ends, and its id is used again, in that time.
func near(a, b int64) bool {
	return a != 0 && b != 0 && max(a, b)-min(a, b) < int64(time.Millisecond)
}

// recent are the newest lives of an id, oldest first.
func (ps *processes) recent(pid uint32) []*Process {
	lives := ps.byPID[pid]
	return lives[max(0, len(lives)-maxLives):]
}

func (ps *processes) add(p *Process) *Process {
	ps.list = append(ps.list, p)
	if p.Key != 0 {
		ps.byKey[p.Key] = p
	}
	if p.PID != 0 {
		ps.byPID[p.PID] = append(ps.byPID[p.PID], p)
	}
	return p
}

// at is the process that had this id at the time; a new one without a name when nothing is known of it.
func (ps *processes) at(pid uint32, when int64) *Process {
	if pid == 0 {
		return nil
	}
	lives := ps.recent(pid)
	for i := len(lives) - 1; i >= 0; i-- {
		if p := lives[i]; (p.Start == 0 || p.Start <= when) && (p.End == 0 || when <= p.End) {
			return p
		}
	}
	if n := len(lives); n > 0 {
		return lives[n-1] // clocks of user and kernel records differ by less than a process's life
	}
	return ps.add(&Process{Source: ps.source, PID: pid})
}

// byObject is the process with this object address. It is made without an id when nothing named it yet.
func (ps *processes) byObject(key uint64) *Process {
	if key == 0 {
		return nil
	}
	if p := ps.byKey[key]; p != nil {
		return p
	}
	return ps.add(&Process{Source: ps.source, Key: key})
}

// tie notes that an event carried both the address and an id. The address wins:
// a socket can be made for another process than the id in the event says.
func (ps *processes) tie(key uint64, pid uint32, now flow.Moment) {
	p := ps.byObject(key)
	if p == nil || pid == 0 {
		return
	}
	if p.PID == 0 {
		if q := ps.nameless(pid, now.Time); q != nil && q != p {
			p.Name, p.Parent, p.CommandLine, p.From, p.Start, p.End = q.Name, q.Parent, q.CommandLine, q.From, q.Start, q.End
			ps.replace(q, p)
		} else {
			ps.byPID[pid] = append(ps.byPID[pid], p)
		}
		p.PID = pid
	}
	if p.PID == pid && len(ps.named[p]) < maxEvidence {
		ps.named[p] = append(ps.named[p], now)
	}
}

// nameless is the process of this id whose object nobody knows yet.
func (ps *processes) nameless(pid uint32, when int64) *Process {
	for _, p := range ps.recent(pid) {
		if p.Key == 0 && (p.Start == 0 || p.Start <= when) && (p.End == 0 || when <= p.End) {
			return p
		}
	}
	return nil
}

// replace puts p in the place of q everywhere; objects that point to q are corrected at the end by id.
func (ps *processes) replace(q, p *Process) {
	lives := ps.byPID[q.PID]
	for i := range lives {
		if lives[i] == q {
			lives[i] = p
		}
	}
	kept := ps.list[:0]
	for _, o := range ps.list {
		if o != q {
			kept = append(kept, o)
		}
	}
	ps.list = kept
}
