package plot

// A Look is how a series is drawn. No two looks of a graph differ in colour
// alone: there is a dash, a shape or a letter as well.
type Look struct {
	shape shape
	color rgb
	width float64   // of lines and bars, in pixels
	dash  []float64 // lengths in pixels, line and gap in turn; nil for a solid line
	mark  mark      // of shape marks
	text  string    // of shape letters
}

type rgb uint32 // 0xRRGGBB

type shape uint8

const (
	steps   shape = iota // a line that keeps a value until the next point
	bars                 // from Low to High
	marks                // a mark at High
	letters              // a letter above High
)

// A mark is a filled polygon of that name, or a stroked cross.
type mark uint8

const (
	dot mark = iota
	square
	diamond
	triangle // its tip up
	wedge    // its tip down
	cross
)

// The colours of Okabe and Ito that are dark enough on white. People with any
// of the usual kinds of colour blindness can tell them apart.
const (
	black     rgb = 0x000000
	orange    rgb = 0xe69f00
	sky       rgb = 0x56b4e9
	green     rgb = 0x009e73
	blue      rgb = 0x0072b2
	vermilion rgb = 0xd55e00
	purple    rgb = 0xcc79a7

	ink   rgb = 0x222222 // text and frames
	faint rgb = 0x666666 // notes
	grid  rgb = 0xe4e4e4
	paper rgb = 0xffffff
)

var (
	lookData   = Look{shape: marks, mark: dot, color: blue}
	lookLate   = Look{shape: marks, mark: diamond, color: orange}
	lookResent = Look{shape: marks, mark: cross, color: vermilion}

	lookSegment   = Look{shape: bars, color: black, width: 2.6}
	lookLateBar   = Look{shape: bars, color: orange, width: 2.6}
	lookResentBar = Look{shape: bars, color: vermilion, width: 2.6}
	lookR         = Look{shape: letters, color: vermilion, text: "R"}
	lookO         = Look{shape: letters, color: orange, text: "O"}
	lookAck       = Look{shape: steps, color: green, width: 1.2}
	lookEdge      = Look{shape: steps, color: blue, width: 1.4, dash: []float64{6, 3}}
	lookSACK      = Look{shape: bars, color: purple, width: 4}
	lookDup       = Look{shape: marks, mark: wedge, color: green}
	lookZero      = Look{shape: marks, mark: square, color: vermilion}
	lookReset     = Look{shape: marks, mark: cross, color: black}

	lookFlight = Look{shape: steps, color: black, width: 1.2}
	lookSample = Look{shape: marks, mark: dot, color: blue}

	// What arrived is a broad line under the fine one of what was sent.
	looksArrived = [2]Look{{shape: steps, color: sky, width: 4}, {shape: steps, color: orange, width: 4, dash: []float64{12, 4}}}
	looksSent    = [2]Look{{shape: steps, color: blue, width: 1.2}, {shape: steps, color: vermilion, width: 1.2, dash: []float64{6, 2}}}
	looksSize    = [2]Look{{shape: marks, mark: dot, color: blue}, {shape: marks, mark: triangle, color: vermilion}}

	lookErrors = Look{shape: bars, color: vermilion, width: 2}
	looksIO    = []Look{
		{shape: steps, color: black, width: 1.4},
		{shape: steps, color: blue, width: 1.6, dash: []float64{9, 3}},
		{shape: steps, color: green, width: 1.6, dash: []float64{3, 3}},
		{shape: steps, color: orange, width: 1.8, dash: []float64{9, 3, 2, 3}},
		{shape: steps, color: purple, width: 1.8, dash: []float64{14, 4}},
		{shape: steps, color: sky, width: 1.8, dash: []float64{2, 2}},
		{shape: steps, color: vermilion, width: 1.6, dash: []float64{5, 2, 1, 2, 1, 2}},
	}
)
