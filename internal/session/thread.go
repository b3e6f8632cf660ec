package session

import "math"

// A ThreadRecord is what an event says of a thread.
type ThreadRecord struct {
	TID, PID   uint32
	Start, End int64 // nanoseconds since 1970, when the event is a start or an end; else 0
}

// A threadLife is one use of a thread id. Ids are reused.
type threadLife struct {
	pid        uint32
	start, end int64 // 0 when not seen
}

// maxLives bounds the uses of one id that are looked at: the newest. No trace is that long, but a hostile one may say so.
const maxLives = 256

// threads knows which process a thread belongs to.
type threads map[uint32][]threadLife

// LearnThread adds what an event says of a thread, as LearnProcess does.
func (t *Tracker) LearnThread(r ThreadRecord) {
	if r.TID != 0 { // the idle threads
		t.owned.learn(r)
	}
}

func (ts threads) learn(r ThreadRecord) {
	lives := ts[r.TID]
	if len(lives) > maxLives {
		lives = append(lives[:0], lives[len(lives)-maxLives/2:]...)
	}
	for i := len(lives) - 1; i >= 0; i-- {
		l := &lives[i]
		if l.pid != r.PID || r.Start != 0 && (l.start != 0 || l.end != 0 && l.end < r.Start) || r.End != 0 && (l.end != 0 || r.End < l.start) {
			continue
		}
		l.start, l.end = max(l.start, r.Start), max(l.end, r.End)
		return
	}
	ts[r.TID] = append(lives, threadLife{r.PID, r.Start, r.End})
}

// at is the process id of the thread at this time, false when nothing is known of it.
func (ts threads) at(tid uint32, time int64) (pid uint32, ok bool) {
	var best *threadLife
	lives := ts[tid]
	for i := range lives {
		l := &lives[i]
		if l.start <= time && (l.end == 0 || time <= l.end) && (best == nil || l.start >= best.start) {
			best = l
		}
	}
	if best == nil {
		return 0, false
	}
	return best.pid, true
}

// unknownID is what the kernel writes where it has no process or thread.
const unknownID = math.MaxUint32

// ProcessOf is the id of the process that a header names, or that its thread
// belongs to when it names none; false when neither is known. It is who was running, never an owner.
func (t *Tracker) ProcessOf(pid, tid uint32, time int64) (id uint32, ok bool) {
	if pid != unknownID && (pid != 0 || tid == 0) {
		return pid, true
	}
	if owner, found := t.owned.at(tid, time); found {
		return owner, true
	}
	return pid, pid != unknownID
}
