// Package prefetch asks the processor for memory that will be needed soon, so
// that it arrives while something else is done. It changes nothing but time.
package prefetch

// LineSize is the distance in bytes of the lines of a cache, as nearly all processors have it.
const LineSize = 64
