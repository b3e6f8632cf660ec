package jsonl

import "github.com/wiretale/wiretale/internal/fileio"

// A FileIO is what the calls of a process and the requests of a capture say together of one file.
type FileIO struct {
	head
	Source      int          `json:"source" doc:"index of the log"`
	Process     *Process     `json:"process,omitempty" doc:"with the most calls"`
	Operation   string       `json:"operation" doc:"'ReadFile' or 'WriteFile'"`
	Path        string       `json:"path" doc:"of the file, as the log has it"`
	Name        string       `json:"name" doc:"of the file, as the capture has it"`
	ClockNS     int64        `json:"clock_ahead_ns" doc:"by how much the capture's clock is ahead of the log's"`
	BoundNS     int64        `json:"clock_bound_ns" doc:"by how much that may be wrong"`
	Votes       int          `json:"clock_votes" doc:"requests that then lie inside a call for their range"`
	Of          int          `json:"clock_of" doc:"requests that have a call for their range"`
	CallSize    int64        `json:"call_bytes" doc:"the most common length of a call"`
	RequestSize int64        `json:"request_bytes" doc:"the most common length of a request"`
	Depth       int          `json:"depth" doc:"calls that were open at once, at most"`
	Passes      float64      `json:"passes" doc:"how often the calls asked for each byte that they asked for"`
	PerCall     int          `json:"requests_per_call" doc:"usual number, of calls that made any"`
	Fetched     int          `json:"calls_fetched" doc:"calls without a request, for which a request before had asked: read-ahead, or the cache"`
	Cached      int          `json:"calls_cached" doc:"other calls without a request"`
	ReadAhead   int          `json:"requests_read_ahead" doc:"requests that came before the call for them"`
	Pages       int          `json:"requests_pages" doc:"requests for which the system moved pages"`
	Unexplained int          `json:"requests_unexplained" doc:"requests that no call is about"`
	Paging      int          `json:"paging_calls" doc:"calls of the system that moved pages"`
	Calls       []CallOf     `json:"calls,omitempty" doc:"of applications, in order, with their requests"`
	Pauses      int          `json:"pauses" doc:"times in which no request for the file was open"`
	PauseNS     int64        `json:"pause_ns" doc:"all of them together"`
	UnlistedNS  int64        `json:"pause_rest_ns" doc:"of these, no operation of the process was open"`
	Activities  []ActivityOf `json:"activities,omitempty" doc:"what the process did in the pauses, what took longest first"`
}

// A CallOf is a call with the requests that it made.
type CallOf struct {
	Record   Place   `json:"record" doc:"of the log"`
	Offset   int64   `json:"offset" doc:"in the file, bytes"`
	Bytes    int64   `json:"bytes" doc:"that it asked for"`
	NS       int64   `json:"ns" doc:"how long it took"`
	Requests []Frame `json:"requests,omitempty" doc:"first records of the requests that it made"`
}

// A Frame is a record by its number.
type Frame struct {
	Source int   `json:"source" doc:"index of the source, from 0"`
	Frame  int64 `json:"frame" doc:"number of the record in its source, from 1"`
}

// An ActivityOf is operations of one name on one path.
type ActivityOf struct {
	Name  string `json:"name" doc:"of the operations"`
	Path  string `json:"path,omitempty" doc:"that they are on"`
	Count int    `json:"count" doc:"how many"`
	NS    int64  `json:"ns" doc:"time inside the pauses; operations at the same time count each"`
}

func (e *encoder) fileIO() {
	for _, m := range e.c.FileIO {
		for _, f := range m.Files {
			e.put(fileIO(m, f))
		}
	}
}

func fileIO(m *fileio.Map, f *fileio.File) FileIO {
	why, fetched, cached := f.Counts()
	idle, total := f.Idle()
	out := FileIO{
		head: kind("file_io"), Source: m.Source, Process: process(f.Process), Operation: "ReadFile", Path: f.Path, Name: f.Name,
		ClockNS: m.Clock.Ahead, BoundNS: m.Clock.Bound, Votes: m.Clock.Votes, Of: m.Clock.Of, CallSize: f.CallSize, RequestSize: f.Size, Depth: f.Depth,
		Passes: f.Passes(), PerCall: f.PerCall(), Fetched: fetched, Cached: cached, ReadAhead: why[fileio.ReadAhead], Pages: why[fileio.Pages], Unexplained: why[fileio.Unknown],
		Paging: f.Paging, Pauses: len(f.Pauses), PauseNS: total, UnlistedNS: idle.Rest,
	}
	if f.Writes {
		out.Operation = "WriteFile"
	}
	for i := range f.Calls {
		c := &f.Calls[i]
		out.Calls = append(out.Calls, CallOf{Record: place(c.At.Pos), Offset: c.Offset, Bytes: c.Requested, NS: c.Duration})
	}
	for i := range f.Requests {
		if r := &f.Requests[i]; r.Call >= 0 {
			list := &out.Calls[r.Call].Requests
			*list = append(*list, Frame{r.Source, r.Asked.Number})
		}
	}
	for _, a := range idle.Activities {
		out.Activities = append(out.Activities, ActivityOf{a.Name, a.Path, a.Count, a.Time})
	}
	return out
}
