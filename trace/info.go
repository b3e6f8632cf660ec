package trace

// Info is what a source says of itself. Readers fill it while they read.
type Info struct {
	Name        string // as the user gave it; "-" for standard input
	Format      string // short name of the format: "pcapng", "etl"
	FormatNote  string // what matters of the variant: "nanosecond, big-endian"
	Compression string // "", "gzip", "zstd", "lz4"
	Bytes       int64  // size of the source in bytes, -1 when unknown
	Hardware    string
	OS          string
	Application string
	Comments    []string
	SnapLen     int // of the file; 0 when unknown or unlimited
	// Sections are the parts of the file that have interfaces of their own; a format without them has none.
	Sections []Section
	// Ordered is true when the reader promises records in order of time.
	Ordered bool
	// Untimed is true when the recorder's clock did not advance: the order of records is known, their times are not.
	Untimed    bool
	Interfaces []Interface
	Components []Component // places in the stack, when the recorder is pktmon
	// Filters are those of the recorder as a whole: packets that match none of them are not in the source.
	Filters []string
	// NamesInterfaces is true for formats that say of each packet where it was captured; the others have one entry that stands for the whole file.
	NamesInterfaces bool
	Session         *Session // valid iff the source is an ETL file
	Damage          Damage
	// Processes, Names and Secrets are what the file brings besides records.
	Processes []Process
	Names     []Name
	Secrets   []Secret
	Blocks    []BlockCount // records that are neither packets nor events, by what they are
}

// Section is a part of a pcapng file: a file may be several in a row.
type Section struct {
	BigEndian                 bool // byte order of its numbers
	Hardware, OS, Application string
	Comments                  []string
	Options                   []Option // those that have no field here
}

// Process is what a file says of a process.
type Process struct {
	PID, Parent             uint32
	Name, Path, CommandLine string // "" when the file does not say
	User                    string
	UID                     uint32 // valid iff HasUID
	HasUID                  bool
	UUID                    []byte // 16 bytes; nil when the file does not say
	Start, End              int64  // nanoseconds since 1970; 0 when unknown
	Comments                []string
	// Key is by what the events of a Process Monitor log refer to the process, 0 when the file has no such number: ids of processes are reused.
	Key uint64
	// What Process Monitor says of a process besides.
	Company, Description, Version, Integrity string
	Session                                  uint32 // of Windows; valid iff HasSession
	HasSession                               bool
	LogonID                                  uint64 // LUID of the logon, 0 when unknown
	Bits                                     int    // 32 or 64, 0 when unknown
}

// Name is an address with its names, as the file resolves them.
type Name struct {
	Address string
	Names   []string
}

// Secret describes key material that the file holds.
type Secret struct {
	Type  string // "TLS key log"
	Bytes int64
	Lines int // lines that are neither empty nor comments
}

// BlockCount is a kind of block with how many of it there were.
type BlockCount struct {
	What  string
	Count int64
}

// Interface is an interface or capture layer that the source names.
type Interface struct {
	ID          int // as the format numbers it: position in the section, or Windows' interface index
	Section     int // pcapng section, 0-based
	Name        string
	Description string
	OS          string
	Hardware    string
	Filter      string
	Link        LinkType
	SnapLen     int
	// Resolution is the length of one tick of the interface's clock in nanoseconds; less than 1 for finer clocks.
	Resolution float64
	// Offset is what was added to the times of the interface in the file, in seconds (pcapng if_tsoffset), and FCS the length in bytes of
	// the frame check sequence that ends its frames (pcapng if_fcslen), 0 when unknown.
	Offset    int64
	FCS       uint8
	MTU       int
	MAC       []byte
	Addresses []string
	Speed     uint64 // bits a second, 0 when unknown
	Comments  []string
	Point     string // name of the capture point that it is in a merged file, "" when it is none: see PointComment
	// CommentsOnStatistics is how many of Comments, the last ones, came with statistics.
	CommentsOnStatistics int
	// Received and the drop counters come from statistics; valid iff HasStatistics, and a counter the source does not give is -1.
	HasStatistics                      bool
	Received, IfDrop, OSDrop, Accepted int64
	Delivered                          int64
	Options                            []Option // of its description that have no field here, and those of addresses, which have their masks
	Packets                            int64    // packets of this interface read so far
}

// Session is the header of an ETL file (TRACE_LOGFILE_HEADER) and what its buffers say.
type Session struct {
	LoggerName, LogFileName string
	Mode                    uint32 // LogFileMode bits
	Build                   string // "10.0.17134"
	Processors              int
	PointerSize             int // of the process that wrote the header
	ClockType               int // 1 QPC, 2 system time, 3 CPU cycles
	Frequency               int64
	Start, End, Boot        int64 // nanoseconds since 1970; End 0 when the session was not closed
	EventsLost, BuffersLost uint32
	Buffers, Compressed     int
	Written                 int // buffers that the session wrote, those that a circular file has overwritten included
	TimeZoneBias            int // minutes, UTC = local + bias
	TimeZone                string
	Finalised               bool
	// System is what the merged trace says of the machine: product name, build string.
	System []string
}

// Damage counts what could not be read of a source.
type Damage struct {
	Records int64 // records that were skipped or cut
	Bytes   int64 // bytes that were skipped
	Unread  int64 // bytes after the point where reading had to stop; -1 when unknown
	First   []*Error
}

// maxDamage bounds the list of examples: a fuzzed file has as many errors as records.
const maxDamage = 16

// Add counts one damaged record and the bytes that were skipped with it, and keeps the first few as examples.
func (d *Damage) Add(err *Error, skipped int64) {
	d.Records++
	d.Bytes += skipped
	if len(d.First) < maxDamage {
		d.First = append(d.First, err)
	}
}

// Any is true when something was lost.
func (d *Damage) Any() bool { return d.Records > 0 || d.Bytes > 0 || d.Unread != 0 }
